/** One request, one response. */

import { type Client, Metadata } from '@grpc/grpc-js';
import { errorFromCall } from '../error-details.ts';
import { AbortedError } from '../errors.ts';
import type { Route } from '../unreachable.ts';

export interface UnaryCall<Response> {
  path: string;
  request: Buffer;
  decode(bytes: Uint8Array): Response;
  /** Epoch milliseconds, or Infinity. */
  deadline: number;
  signal?: AbortSignal | undefined;
  route: Route;
}

/** The response. Throws an InferqError: AbortedError where the signal fired, else what the status says. */
export function unary<Response>(
  channel: Client,
  { path, request, decode, deadline, signal, route }: UnaryCall<Response>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError(signal));
    const call = channel.makeUnaryRequest(path, asIs, decode, request, new Metadata(), { deadline }, (error, response) => {
      signal?.removeEventListener('abort', abort);
      if (error) reject(signal?.aborted ? new AbortedError(signal) : errorFromCall(error, route));
      else resolve(response as Response);
    });
    const abort = () => call.cancel();
    signal?.addEventListener('abort', abort);
  });
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
