/**
 * How a server's HTTP/2 connections are set up, where grpc-js has no option for it. The members used here are private;
 * server/test/intake.test.ts notices where they are missing.
 */

import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { answerHttp1, chooseProtocol } from './http1.ts';

interface Internals {
  commonServerOptions?: { settings?: object };
  createHttp2Server?: (...given: unknown[]) => Http2Server;
}

type StreamListener = (stream: ServerHttp2Stream, ...given: unknown[]) => void;

/**
 * HTTP/2's 64 KiB let large uploads crawl. A connection may have more on its way than a stream: what a stream has sent and the server
 * does not read yet stays in memory.
 */
const windowBytes = { stream: 1_024 * 1_024, connection: 4 * 1_024 * 1_024 };
const headerBytes = 32 * 1_024;
/** Streams that a client may reset: at once, and each second. Then its connection ends. */
const resets = { streamResetBurst: 1_000, streamResetRate: 200 };
/** How long new calls of one read of a socket may keep the event loop. */
const turnMs = 10;

/** Sets up the connections of a server that is not bound yet. Throws where grpc-js has other members. */
export function setUpConnections(server: Server): void {
  const internals = server as unknown as Internals;
  const { commonServerOptions, createHttp2Server } = internals;
  if (typeof commonServerOptions !== 'object' || typeof createHttp2Server !== 'function') {
    throw new Error('this version of grpc-js makes its connections in another way: see server/grpc/intake/connections.ts');
  }
  const settings = { ...commonServerOptions.settings, initialWindowSize: windowBytes.stream, maxHeaderListSize: headerBytes };
  Object.assign(commonServerOptions, resets, { settings, ALPNCallback: chooseProtocol });
  internals.createHttp2Server = (...given) => {
    const http2Server = createHttp2Server.apply(server, given);
    http2Server.on('session', (session: ServerHttp2Session) => {
      if (!session.destroyed) session.setLocalWindowSize(windowBytes.connection);
    });
    for (const listener of http2Server.listeners('stream') as StreamListener[]) {
      http2Server.off('stream', listener);
      http2Server.on('stream', inTurns(listener));
    }
    answerHttp1(http2Server);
    return http2Server;
  };
}

/**
 * A socket may bring thousands of calls at once. They are begun in turns with everything else; those that their client has reset by
 * then are not begun at all.
 */
function inTurns(listener: StreamListener): StreamListener {
  const waiting: (() => void)[] = [];
  let until = 0;
  const go = (): void => {
    until = performance.now() + turnMs;
    while (waiting.length > 0 && performance.now() < until) waiting.shift()?.();
    if (waiting.length > 0) setImmediate(go);
    else until = 0;
  };
  return function (this: unknown, stream, ...given) {
    const begin = (): void => {
      if (!stream.destroyed && !stream.closed) listener.call(this, stream, ...given);
    };
    if (until === 0) {
      // The first of this turn.
      until = performance.now() + turnMs;
      setImmediate(go);
    }
    if (waiting.length === 0 && performance.now() < until) return begin();
    // grpc-js listens to errors once it has the stream.
    stream.on('error', () => undefined);
    waiting.push(begin);
  };
}
