/** Many requests, many responses. */

import { once } from 'node:events';
import { type Client, type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { Route } from '../unreachable.ts';
import { messagesOf } from './messages.ts';

export interface DuplexCall<Response> {
  path: string;
  decode(bytes: Uint8Array): Response;
  signal?: AbortSignal | undefined;
  route: Route;
}

/** Both directions of an open call. */
export interface Duplex<Response> {
  /** Resolves when more may be written: at once, or when the peer has taken enough; also when the call is over. */
  write(request: Buffer): Promise<void>;
  /** Nothing more will be written. */
  end(): void;
  /** See `messagesOf`. */
  messages: AsyncGenerator<Response, void>;
}

/** Opens the call. */
export function duplex<Response>(channel: Client, { path, decode, signal, route }: DuplexCall<Response>): Duplex<Response> {
  const stream: ClientDuplexStream<Buffer, Response> = channel.makeBidiStreamRequest(
    path,
    (bytes: Buffer) => bytes,
    decode,
    new Metadata(),
  );
  let over = false;
  const ended = once(stream, 'status').then(() => {
    over = true;
  });
  ended.catch(() => {
    over = true;
  });
  return {
    async write(request) {
      if (over || stream.write(request)) return;
      await Promise.race([once(stream, 'drain'), ended]).catch(() => {});
    },
    end: () => stream.end(),
    messages: messagesOf(stream as unknown as ClientDuplexStream<never, Response>, route, signal),
  };
}
