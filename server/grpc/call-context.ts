/** What a use case learns of the call behind it. */

import type { Deadline } from '@grpc/grpc-js';
import type { CallContext } from '../broker.ts';

/** The context of a call whose client's leaving fires `client`. */
export function callContext(call: { getDeadline(): Deadline }, client: AbortController): CallContext {
  const deadline = call.getDeadline();
  return { deadline: typeof deadline === 'number' ? deadline : deadline.getTime(), signal: client.signal };
}

/** Whether a handler threw only because its client has gone. */
export function isAbort(error: unknown, client: AbortSignal): boolean {
  return client.aborted && error instanceof Error && error.name === 'AbortError';
}
