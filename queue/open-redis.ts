/** Opens ioredis clients that use every part of their URL. By itself ioredis carries on where Redis refuses the database or the password. */

import { Redis, type RedisOptions } from 'ioredis';
import { addressOptions } from './redis-options.ts';
import type { RedisAddress } from './redis-url.ts';

/** Redis answers, but refuses what the URL asks for: trying again does not help. `message` is a sentence without a full stop. */
export class UrlRefused extends Error {}

/**
 * A client that connects on `connect()`. Each time that Redis refuses the URL's database or password, the client emits UrlRefused,
 * closes the connection before any command goes out, and connects again.
 */
export function openRedis(address: RedisAddress, options: RedisOptions): Redis {
  const redis = new Redis({ ...options, ...addressOptions(address), lazyConnect: true, replyMapping: 'legacy' });
  const { select, auth } = redis as unknown as Record<'select' | 'auth', (...args: unknown[]) => Promise<'OK'>>;
  return Object.assign(redis, {
    select: (...args: unknown[]) =>
      select.apply(redis, args).catch((error: Error) => {
        redis.emit('error', new UrlRefused(databaseProblem(address.database, error)));
        redis.disconnect(true);
        // ioredis ignores a rejection here. Without an answer it does not become ready, and the disconnect ends the attempt.
        return new Promise<never>(() => {});
      }),
    auth: (...args: unknown[]) =>
      auth.apply(redis, args).catch((error: Error) => {
        // Any other refusal of a password is fatal to ioredis already.
        throw error.message.includes('without any password configured') ? new UrlRefused(passwordProblem) : error;
      }),
  });
}

function databaseProblem(database: number, { message }: Error): string {
  return `Redis refuses database ${database} of the URL (${message}): use another one, or raise "databases" in redis.conf`;
}

const passwordProblem = 'the URL has a password, but this Redis has none set: leave it out of the URL, or set one in Redis';
