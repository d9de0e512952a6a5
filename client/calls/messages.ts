/** A call's incoming messages as an async iterable. */

import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { errorFromCall } from '../error-details.ts';
import { AbortedError, InferqError } from '../errors.ts';
import type { Route } from '../unreachable.ts';

type Incoming<Response> = ClientReadableStream<Response> | ClientDuplexStream<never, Response>;

/**
 * Yields messages as the consumer asks for them: a slow consumer stops the reading. Leaving early cancels the call. Throws an
 * InferqError: AbortedError where the signal fired, else what the status says.
 */
export async function* messagesOf<Response>(call: Incoming<Response>, route: Route, signal?: AbortSignal): AsyncGenerator<Response, void> {
  const abort = () => call.cancel();
  // A call that is cancelled after its iteration ended still reports it.
  call.on('error', () => {});
  signal?.addEventListener('abort', abort);
  try {
    if (signal?.aborted) throw new AbortedError(signal);
    for await (const message of call) {
      yield message as Response;
      if (signal?.aborted) throw new AbortedError(signal);
    }
  } catch (error) {
    if (signal?.aborted) throw new AbortedError(signal);
    throw error instanceof InferqError || !isServiceError(error) ? error : errorFromCall(error, route);
  } finally {
    signal?.removeEventListener('abort', abort);
    call.cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}
