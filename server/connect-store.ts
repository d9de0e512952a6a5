/** The first connection to Redis. */

import { setTimeout as delay } from 'node:timers/promises';
import { connectQueue } from '@inferq/queue/connect.ts';
import { UnusableRedis } from '@inferq/queue/open-redis.ts';
import type { ConnectOptions, QueueConnection } from '@inferq/queue/queue.ts';
import { shownUrl } from '@inferq/queue/redis-url.ts';
import type { Log } from './log.ts';
import { UsageError } from './usage-error.ts';

const pauseMs = 250;

/**
 * Connects, trying again for `withinMs`: a Redis that starts beside this server may need a moment. Undefined where `abandon`
 * fires first. Throws a UsageError where Redis does not answer in time, or
 * refuses what the URL asks for.
 */
export async function connectStore(
  options: Omit<ConnectOptions, 'whenDown'>,
  withinMs: number,
  abandon: AbortSignal,
  log: Log,
): Promise<QueueConnection | undefined> {
  const shown = shownUrl(options.url);
  const over = AbortSignal.any([abandon, AbortSignal.timeout(withinMs)]);
  let problem = 'it does not answer';
  for (let tries = 0; !over.aborted; tries++) {
    try {
      const connection = await unless(over, connectQueue({ ...options, whenDown: 'fail' }));
      if (connection !== undefined) return connection;
    } catch (error) {
      if (error instanceof UnusableRedis) throw new UsageError(`Redis at ${shown} cannot be used: ${error.message}.`);
      problem = error instanceof Error ? error.message : String(error);
      if (tries === 0) log.warn({ redis: shown, problem }, `Redis cannot be reached; trying for ${withinMs / 1_000} s`);
      await delay(pauseMs, undefined, { signal: over }).catch(() => undefined);
    }
  }
  if (abandon.aborted) return undefined;
  throw new UsageError(`Redis at ${shown} cannot be reached: ${problem}. Start it, or use another one.`);
}

/** The connection, or undefined where `over` fires first; one that comes later is closed. */
async function unless(over: AbortSignal, pending: Promise<QueueConnection>): Promise<QueueConnection | undefined> {
  const late = new Promise<undefined>((resolve) => {
    over.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const first = await Promise.race([pending, late]);
  if (first === undefined) pending.then((connection) => connection.close()).catch(() => undefined);
  return first;
}
