/** Binds a server to an address. */

import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { UsageError } from '../usage-error.ts';

/** 'HOST:PORT', where a host that holds colons is in brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const parts = /^(\[[0-9A-Fa-f:.%]+\]|[^:[\]/\s]+):([0-9]{1,5})$/.exec(address);
  const port = Number(parts?.[2]);
  if (parts?.[1] === undefined || port > 65_535) {
    throw new UsageError(
      `"${address}" is not a valid address to listen on: use HOST:PORT, for example 127.0.0.1:50051 (port 0 picks a free one)`,
    );
  }
  return { host: parts[1], port };
}

/** Listens at 'HOST:PORT', port 0 for a free one; returns the address with its real port. Throws a UsageError where that cannot be. */
export async function listen(server: Server, address: string, credentials: ServerCredentials): Promise<string> {
  const { host, port } = splitAddress(address);
  // grpc-js prints failures to bind by itself; here they become sentences.
  setLogVerbosity(logVerbosity.NONE);
  try {
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${host}:${port}`, credentials, (error, real) => (error === null ? resolve(real) : reject(error)));
    });
    return `${host}:${bound}`;
  } catch (error) {
    throw new UsageError(`cannot listen on ${address}: ${reasonOf((error as Error).message)}`);
  } finally {
    setLogVerbosity(logVerbosity.ERROR);
  }
}

function reasonOf(message: string): string {
  if (message.includes('EADDRINUSE')) return 'the port is in use: stop the process that uses it, or choose another port';
  if (message.includes('EACCES')) return 'this user is not allowed to open that port: choose one above 1023';
  if (message.includes('EADDRNOTAVAIL')) return 'this machine has no such address: use one of its own, 127.0.0.1 or 0.0.0.0';
  if (/ENOTFOUND|EAI_AGAIN|resolution failed|No addresses resolved/i.test(message)) return 'the host name cannot be resolved';
  return message;
}
