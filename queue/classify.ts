/** Classifies errors of Redis, sockets and ioredis; nothing else does. The texts are those of Redis 7.0 and Valkey 8.1 and 9.1. */

import { StoreError, type StoreErrorKind } from '@inferq/core/store-error.ts';
import { ReplyError } from 'ioredis';
import { UnusableRedis } from './open-redis.ts';

/** A classified error. `words` is its text, for operators. */
export interface Failure {
  kind: StoreErrorKind;
  code: string;
  words: string;
}

/** Temporary replies: Redis is there, but cannot answer yet. */
const passing = new Set(['LOADING', 'BUSY', 'UNKILLABLE', 'TRYAGAIN']);

/** Replies that stay the same until somebody changes Redis, its role or our user. A code in neither set is a fault. */
const refusals = new Set([
  ...['READONLY', 'MASTERDOWN', 'NOREPLICAS', 'MISCONF', 'OOM'],
  ...['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED'],
  ...['CLUSTERDOWN', 'MOVED', 'ASK'],
]);

/** Refusals that Redis reports with the generic code ERR. */
const unnamed: [RegExp, string][] = [
  [/^ERR (The user executing the script can't|ACL failure in script)/, 'NOPERM'],
  [/^ERR max number of clients/, 'MAXCLIENTS'],
];

/** What ioredis reports if a connection is lost or not established yet. */
const lostConnection =
  /^(Connection is closed|Stream isn't writeable|Command timed out|Command aborted|Socket timeout|Reached the max retries)/;

/** Socket errors that waiting does not fix: the file system denies access to the Unix socket. */
const deniedSocket = new Set(['EACCES', 'EPERM']);

const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/;

/** Classifies whatever a call to Redis threw. */
export function classify(error: unknown): Failure {
  const words = wordsOf(error);
  if (error instanceof StoreError) return { kind: error.kind, code: error.code, words };
  if (error instanceof ReplyError) return { ...replyKind(words), words };
  if (error instanceof UnusableRedis) return { kind: 'refusing', code: 'UNUSABLE', words };
  if (!(error instanceof Error)) return { kind: 'fault', code: 'UNKNOWN', words };
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== undefined && tlsCode.test(code)) return { kind: 'refusing', code: 'TLS', words };
  if (code !== undefined && deniedSocket.has(code)) return { kind: 'refusing', code, words };
  if (code !== undefined && (syscall !== undefined || /^E[A-Z]+$/.test(code))) return { kind: 'away', code, words };
  if (lostConnection.test(words)) return { kind: 'away', code: 'CLOSED', words };
  // ioredis adds this to its parser's errors: whatever answers at this address does not speak the Redis protocol.
  if (words.endsWith('Please report this.')) return { kind: 'refusing', code: 'PROTOCOL', words };
  return { kind: 'fault', code: error.name, words };
}

function replyKind(words: string): Omit<Failure, 'words'> {
  const code = unnamed.find(([pattern]) => pattern.test(words))?.[1] ?? /^[A-Z]+/.exec(words)?.[0] ?? 'ERR';
  if (code === 'MAXCLIENTS' || refusals.has(code)) return { kind: 'refusing', code };
  return { kind: passing.has(code) ? 'away' : 'fault', code };
}

/** Connecting to a name with several addresses fails with one error for each, and no message for the whole. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
