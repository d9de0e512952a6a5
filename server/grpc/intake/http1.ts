/** Tells clients that speak HTTP/1.1 what this port is; to them, an HTTP/2 server is only a connection that breaks. */

import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

type ConnectionListener = (socket: Socket) => void;

const body = 'This port speaks gRPC over HTTP/2. Use a gRPC client, for example grpcurl; there is no HTTP API here.\n';
const answer = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${body.length}`,
  'Connection: close',
  '',
  body,
].join('\r\n');

/** The start of a request of HTTP/1; HTTP/2 begins with PRI. */
const requestLine = /^(?!PRI )[A-Z]{3,12} /;
/** HTTP/2 clients speak at once. Those that do not are served nevertheless. */
const firstBytesMs = 500;
/** A client that still sends its body may not see the answer where the connection is cut. */
const readAnswerMs = 1_000;

/** For TLS: chooses HTTP/2 of what a client offers, otherwise HTTP/1.1 if only to answer it. */
export function chooseProtocol({ protocols }: { protocols: string[] }): string | undefined {
  return ['h2', 'http/1.1'].find((protocol) => protocols.includes(protocol));
}

/** Has the server answer HTTP/1. Everything else goes to the listeners that it has by now. */
export function answerHttp1(server: Http2Server): void {
  // Of a TLS server only: what is left where a client does not want HTTP/2.
  server.on('unknownProtocol', (socket: Socket) => onFirstBytes(socket, () => refuse(socket)));
  if (server instanceof TlsServer) return;
  const listeners = server.listeners('connection') as ConnectionListener[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) =>
    onFirstBytes(socket, (bytes) => {
      if (requestLine.test(bytes?.toString('latin1', 0, 16) ?? '')) return refuse(socket);
      if (bytes !== null) socket.unshift(bytes);
      for (const listener of listeners) listener.call(server, socket);
    }),
  );
}

/** Hears the first bytes of a connection, or null where there are none for a while. */
function onFirstBytes(socket: Socket, heard: (bytes: Buffer | null) => void): void {
  const done = (): void => {
    clearTimeout(timer);
    socket.off('readable', done);
    const bytes = socket.read() as Buffer | null;
    if (!socket.destroyed) heard(bytes);
    socket.off('error', ignored);
  };
  const timer = setTimeout(done, firstBytesMs);
  socket.on('readable', done);
  socket.on('error', ignored);
}

function refuse(socket: Socket): void {
  socket.on('error', ignored);
  socket.end(answer);
  socket.resume();
  setTimeout(() => socket.destroy(), readAnswerMs).unref();
}

/** A client that goes away before it is known takes nothing with it. */
function ignored(): void {}
