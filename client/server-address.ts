/** Where a server is, as people write it. */

import { isIPv6 } from 'node:net';
import { invalid } from './errors.ts';

export interface ServerAddress {
  host: string;
  port: number;
  /** Whether the address itself says so: `http://` and `https://` do. */
  tls?: boolean;
}

const defaultPort = 50_051;

/**
 * Reads `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`, with IPv6 addresses in brackets or alone. Throws
 * InvalidRequestError for anything else, without repeating it: it may hold a password.
 */
export function parseServer(text: string): ServerAddress {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const parts = /^(?:(https?):\/\/)?(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::([0-9]{1,5}))?\/?$/i.exec(text);
  const host = parts?.[2] ?? parts?.[3] ?? '';
  const port = Number(parts?.[4] ?? defaultPort);
  if (!parts || (parts[2] !== undefined && !isIPv6(host)) || port < 1 || port > 65_535) {
    throw invalid('server', 'must be HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT, without user, password and path');
  }
  return { host, port, ...(parts[1] === undefined ? {} : { tls: parts[1].toLowerCase() === 'https' }) };
}

/** `HOST:PORT`, with an IPv6 address in brackets. */
export function shownServer({ host, port }: ServerAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Whether a server is on this machine. */
export function isLoopback({ host }: ServerAddress): boolean {
  return /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|::1?|::ffff:(127\..*|7f.*))$/i.test(host);
}
