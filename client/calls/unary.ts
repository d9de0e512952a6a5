/** One request, one response. */

import { type Client, Metadata } from '@grpc/grpc-js';
import { errorFromCall } from '../error-details.ts';
import { AbortedError } from '../errors.ts';

export interface UnaryCall<Response> {
  path: string;
  request: Buffer;
  decode(bytes: Uint8Array): Response;
  /** Epoch milliseconds, or Infinity. */
  deadline: number;
  signal?: AbortSignal | undefined;
}

/** The response. Throws an InferqError: AbortedError where the signal fired, else what the status says. */
export function unary<Response>(channel: Client, { path, request, decode, deadline, signal }: UnaryCall<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError(signal));
    const call = channel.makeUnaryRequest(path, asIs, decode, request, new Metadata(), { deadline }, (error, response) => {
      signal?.removeEventListener('abort', abort);
      if (error) reject(signal?.aborted ? new AbortedError(signal) : errorFromCall(error));
      else resolve(response as Response);
    });
    const abort = () => call.cancel();
    signal?.addEventListener('abort', abort);
  });
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
