/** Parses and prints Redis URLs; nothing else does. Every part of a URL is used, or the URL is not valid. */

import { isIPv6 } from 'node:net';
import type { RedisTlsFiles } from './redis-tls.ts';

export interface RedisAddress {
  /** TCP with or without TLS, or a Unix socket. */
  at: { kind: 'tcp'; host: string; port: number; tls: boolean } | { kind: 'socket'; path: string };
  database: number;
  username?: string;
  password?: string;
}

/** `problem` is a sentence without a full stop. It never quotes the URL, which may contain a password. */
export type ParsedRedisUrl = { ok: true; address: RedisAddress } | { ok: false; problem: string };

const defaultPort = 6379;
/** The most databases that Redis can be configured to have. */
const mostDatabases = 2 ** 31;

const problems = {
  form: 'the Redis URL must look like redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH',
  blank: 'the Redis URL contains a space or a control character',
  credentials:
    'the user name or password in the Redis URL is not percent-encoded: write % as %25, / as %2F, ? as %3F, # as %23, : as %3A and @ as %40',
  username: 'the Redis URL has a user name without a password: write redis://USER:PASSWORD@HOST',
  host: 'the host or port in the Redis URL is not valid: write redis://HOST:PORT, with an IPv6 address in brackets, and write / ? # in a password as %2F %3F %23',
  path: 'the socket path in the Redis URL is not percent-encoded: write % as %25, ? as %3F and # as %23',
  database: 'the database in the Redis URL must be a whole number: write redis://HOST:PORT/1, or unix:///PATH?db=1',
  tls: 'certificates for Redis need a rediss:// URL',
  pair: 'a certificate for Redis needs its key, and a key its certificate: give both',
  rest: 'the Redis URL has a "?" or "#" part that inferq does not know: write the database as redis://HOST:PORT/1, or unix:///PATH?db=1',
};

type Problem = keyof typeof problems;

/**
 * Parses `redis://`, `rediss://` (TLS) and `unix://` URLs, each with an optional user, password and database. TLS files are only
 * valid with a `rediss://` URL.
 */
export function parseRedisUrl(url: string, files: RedisTlsFiles = {}): ParsedRedisUrl {
  const read = parse(url);
  if (typeof read === 'string') return { ok: false, problem: problems[read] };
  const problem = filesProblem(read, files);
  return problem === undefined ? { ok: true, address: read } : { ok: false, problem: problems[problem] };
}

/** An address in readable form: scheme, host, port and database, never a user or a password. */
export function shownAddress({ at, database }: RedisAddress): string {
  if (at.kind === 'socket') return `${socketUrl(at.path)}${database === 0 ? '' : `?db=${database}`}`;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return `${at.tls ? 'rediss' : 'redis'}://${host}:${at.port}/${database}`;
}

/** A URL as `shownAddress` prints it. Shows no part of a URL that is not valid. */
export function shownUrl(url: string): string {
  const parsed = parseRedisUrl(url);
  return parsed.ok ? shownAddress(parsed.address) : 'a Redis URL that is not valid';
}

/** The URL of a Unix socket. */
export function socketUrl(path: string): string {
  return `unix://${path.split('/').map(encodeURIComponent).join('/')}`;
}

function parse(url: string): RedisAddress | Problem {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters.
  if (/[\u0000-\u0020\u007f]/.test(url)) return 'blank';
  const parts = /^(rediss?|unix):\/\/([^/?#]*)([^?#]*)(.*)$/i.exec(url);
  if (!parts) return 'form';
  const [, scheme = '', authority = '', path = '', rest = ''] = parts;
  const at = authority.lastIndexOf('@');
  const credentials = parseCredentials(authority.slice(0, Math.max(0, at)));
  if (typeof credentials === 'string') return credentials;
  const host = authority.slice(at + 1);
  const place =
    scheme.toLowerCase() === 'unix' ? parseSocket(host, path, rest) : parseTcp(scheme.toLowerCase() === 'rediss', host, path, rest);
  return typeof place === 'string' ? place : { ...place, ...credentials };
}

function filesProblem({ at }: RedisAddress, files: RedisTlsFiles): Problem | undefined {
  if (Object.keys(files).length > 0 && !(at.kind === 'tcp' && at.tls)) return 'tls';
  return (files.cert === undefined) === (files.key === undefined) ? undefined : 'pair';
}

function parseCredentials(text: string): Pick<RedisAddress, 'username' | 'password'> | Problem {
  const colon = text.indexOf(':');
  const username = decoded(colon < 0 ? text : text.slice(0, colon));
  const password = decoded(colon < 0 ? '' : text.slice(colon + 1));
  if (username === undefined || password === undefined) return 'credentials';
  if (password === '') return username === '' ? {} : 'username';
  return username === '' ? { password } : { username, password };
}

function parseTcp(tls: boolean, authority: string, path: string, rest: string): Pick<RedisAddress, 'at' | 'database'> | Problem {
  // An unencoded / ? or # in a password ends the authority before its "@".
  if (`${path}${rest}`.includes('@')) return 'credentials';
  const found = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::([0-9]{0,5}))?$/i.exec(authority);
  if (!found) return authority === '' ? 'form' : 'host';
  const port = Number(found[3] || defaultPort);
  if (port < 1 || port > 65_535 || (found[1] !== undefined && !isIPv6(found[1]))) return 'host';
  if (rest !== '') return 'rest';
  const database = path === '' || path === '/' ? 0 : parseDatabase(path.slice(1));
  if (database === undefined) return 'database';
  return { at: { kind: 'tcp', host: found[1] ?? found[2] ?? '', port, tls }, database };
}

function parseSocket(authority: string, path: string, rest: string): Pick<RedisAddress, 'at' | 'database'> | Problem {
  if (authority !== '' || path === '' || path === '/') return 'form';
  const file = decoded(path);
  if (file === undefined || file.includes('\0')) return 'path';
  if (rest === '') return { at: { kind: 'socket', path: file }, database: 0 };
  const given = /^\?db=(.*)$/.exec(rest)?.[1];
  if (given === undefined) return 'rest';
  const database = parseDatabase(given);
  return database === undefined ? 'database' : { at: { kind: 'socket', path: file }, database };
}

function parseDatabase(text: string): number | undefined {
  const database = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined;
  return database === undefined || database >= mostDatabases ? undefined : database;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
