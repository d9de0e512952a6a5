/** Says early, before models load, that the server will not be able to listen. */

import { createServer } from 'node:net';
import { Failure, wrongUsage } from '../failure.ts';

/** Host and port of "127.0.0.1:50051" or "[::1]:50051". Throws a Failure where the text is something else. */
export function parseListen(text: string): { host: string; port: number } {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]+):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port > 65_535) throw wrongUsage(`--listen takes HOST:PORT, such as 127.0.0.1:50051, not "${text}".`);
  return { host: (found[1] ?? '').replace(/^\[|\]$/g, ''), port };
}

/** Throws a Failure where the address cannot be listened on. */
export function checkPort(listen: string): Promise<void> {
  const { host, port } = parseListen(listen);
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.message;
      reject(new Failure(`inferq cannot listen on ${listen} (${why}): free it, or give another address with --listen.`));
    });
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
  });
}
