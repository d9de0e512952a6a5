/**
 * Receive windows of the server's connections. grpc-js leaves HTTP/2's 64 KiB, at which large uploads crawl, and has no option
 * for servers; the members used here are private, so where they are missing the server goes on with small windows.
 */

import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

interface Internals {
  commonServerOptions?: { settings?: object };
  createHttp2Server?: (...given: unknown[]) => Http2Server;
}

/** Sets the window of each stream and connection in bytes, before the server is bound. Returns whether that was possible. */
export function raiseWindows(server: Server, bytes: number): boolean {
  const internals = server as unknown as Internals;
  const { commonServerOptions, createHttp2Server } = internals;
  if (typeof commonServerOptions !== 'object' || typeof createHttp2Server !== 'function') return false;
  commonServerOptions.settings = { ...commonServerOptions.settings, initialWindowSize: bytes };
  internals.createHttp2Server = (...given) => {
    const http2Server = createHttp2Server.apply(server, given);
    http2Server.on('session', (session: ServerHttp2Session) => {
      if (!session.destroyed) session.setLocalWindowSize(bytes);
    });
    return http2Server;
  };
  return true;
}
