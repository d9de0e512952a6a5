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

/** For a message above the limit, before any of it is read. */
export function messageTooLarge(maxBytes: number): Refusal {
  const message = `the message is larger than the ${maxBytes} bytes that this server accepts: send less, or raise its limit`;
  return refused('TOO_LARGE', message).refusal;
}
