/** One request, many responses. */

import { type Client, Metadata } from '@grpc/grpc-js';
import type { Route } from '../unreachable.ts';
import { messagesOf } from './messages.ts';

export interface ServerStreamCall<Response> {
  path: string;
  request: Buffer;
  decode(bytes: Uint8Array): Response;
  signal?: AbortSignal | undefined;
  route: Route;
}

/** The responses; see `messagesOf`. */
export function serverStream<Response>(channel: Client, call: ServerStreamCall<Response>): AsyncGenerator<Response, void> {
  const stream = channel.makeServerStreamRequest(call.path, (bytes: Buffer) => bytes, call.decode, call.request, new Metadata());
  return messagesOf(stream, call.route, call.signal);
}
