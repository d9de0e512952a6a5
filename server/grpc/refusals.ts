/** The refusals that the edge itself gives, before or beside any use case. */

import type { Refusal } from '@inferq/core/refusal.ts';
import { refused } from '@inferq/core/refusal.ts';

/** For calls that a stop of the server ends. */
export const shuttingDown: Refusal = refused('SHUTTING_DOWN', 'this server is shutting down: connect again and repeat the call').refusal;

/** For bytes that are not a request of this method; `why` says what is wrong with them. */
export function malformedRequest(why: string): Refusal {
  const message = `the request is not a message of this method (${why}): use a client generated from this server's .proto files`;
  return refused('INVALID_REQUEST', message).refusal;
}

/** Where requests that have not been stored yet take all the memory that they may. */
export function requestsFill(whose: 'connection' | 'server'): Refusal {
  const message = `requests that arrive or wait to be stored fill what this ${whose} has room for: try again later, or send fewer large ones at once`;
  return refused('SERVER_BUSY', message).refusal;
}

/** For one call more than may be open. */
export function tooManyCalls(whose: 'connection' | 'server', what: 'calls' | 'SubmitMany streams', most: number): Refusal {
  const message = `this ${whose} has ${most} open ${what}, which is the limit: try again when some have ended`;
  return refused('SERVER_BUSY', message).refusal;
}

/** For a message that does not arrive. */
export function messageTimeout(ms: number): Refusal {
  const message = `the request did not arrive within ${ms / 1_000} s: send it faster, or send less`;
  return refused('MESSAGE_TIMEOUT', message).refusal;
}

/** For a message above the server's limit, before any of it is read. */
export function messageTooLarge(maxBytes: number): Refusal {
  const message = `the message is larger than the ${maxBytes} bytes that this server accepts: send less, or raise its limit`;
  return refused('TOO_LARGE', message).refusal;
}

/** For a message above the limit of a method that does not submit. */
export function requestTooLarge(maxBytes: number): Refusal {
  return refused('TOO_LARGE', `the message is larger than the ${maxBytes} bytes that this method accepts: send less`).refusal;
}
