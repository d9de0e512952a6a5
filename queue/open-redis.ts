/** Opens ioredis clients that use every part of their URL. By itself ioredis carries on where Redis refuses the database or the password. */

import { Redis, type RedisOptions } from 'ioredis';
import { makeInfoOptional } from './optional-info.ts';
import { addressOptions } from './redis-options.ts';
import { type RedisTlsFiles, tlsOptions } from './redis-tls.ts';
import type { RedisAddress } from './redis-url.ts';

/** The URL or its TLS files ask for what cannot be had: trying again does not help. `message` is a sentence without a full stop. */
export class UnusableRedis extends Error {}

/** Files that were replaced cannot be used; the connection is made with what they held before. */
export class StaleTlsFiles extends Error {}

/**
 * A client that connects on `connect()`. Each time that Redis refuses the URL's database or password, the client emits UnusableRedis,
 * closes the connection before any command goes out, and connects again. Throws UnusableRedis where TLS files cannot be used.
 */
export function openRedis(address: RedisAddress, tlsFiles: RedisTlsFiles | undefined, options: RedisOptions): Redis {
  const tls = tlsFiles && usableTls(tlsFiles, ({ message }) => redis.emit('error', new StaleTlsFiles(message)));
  const redis = new Redis({ ...options, ...addressOptions(address), ...(tls && { tls }), lazyConnect: true, replyMapping: 'legacy' });
  const { select, auth } = redis as unknown as Record<'select' | 'auth', (...args: unknown[]) => Promise<'OK'>>;
  return Object.assign(makeInfoOptional(redis), {
    select: (...args: unknown[]) =>
      select.apply(redis, args).catch((error: Error) => {
        redis.emit('error', new UnusableRedis(databaseProblem(address.database, error)));
        redis.disconnect(true);
        // ioredis ignores a rejection here. Without an answer it does not become ready, and the disconnect ends the attempt.
        return new Promise<never>(() => {});
      }),
    auth: (...args: unknown[]) =>
      auth.apply(redis, args).catch((error: Error) => {
        // Any other refusal of a password is fatal to ioredis already.
        throw error.message.includes('without any password configured') ? new UnusableRedis(passwordProblem) : error;
      }),
  });
}

function usableTls(files: RedisTlsFiles, onProblem: (error: Error) => void): ReturnType<typeof tlsOptions> {
  try {
    return tlsOptions(files, onProblem);
  } catch (error) {
    throw new UnusableRedis((error as Error).message);
  }
}

function databaseProblem(database: number, { message }: Error): string {
  return `Redis refuses database ${database} of the URL (${message}): use another one, or raise "databases" in redis.conf`;
}

const passwordProblem = 'the URL has a password, but this Redis has none set: leave it out of the URL, or set one in Redis';
