/** One process' way to Redis: a command connection, an inbox on a second one, and the verbs bound to them. */

import { defaults } from '@inferq/core/limits.ts';
import type { Redis } from 'ioredis';
import { executionQueue, submissionQueue, upkeepOf, workerRegistry } from './bind.ts';
import { checkServer } from './check-server.ts';
import { connectProblem } from './connect-problem.ts';
import { openInbox } from './inbox.ts';
import { openRedis } from './open-redis.ts';
import type { ConnectionState, ConnectOptions, QueueConnection, QueueLimits } from './queue.ts';
import { commandOptions, subscriberOptions } from './redis-options.ts';
import { parseRedisUrl } from './redis-url.ts';
import { Reclaimer } from './verbs/reclaim.ts';

const standardLimits: QueueLimits = {
  maxTasks: defaults.queueTasks,
  maxBytes: defaults.queueBytes,
  retainedBytes: defaults.retainedBytes,
  memoryWatermark: defaults.memoryWatermark,
};

/** Connects for the first time. With `wait` it tries until it succeeds, else it throws what went wrong. */
async function firstConnection(redis: Redis, whenDown: 'fail' | 'wait'): Promise<void> {
  let problem: Error | undefined;
  const note = (error: Error) => {
    problem = error;
  };
  redis.on('error', note);
  try {
    await redis.connect();
  } catch (error) {
    if (whenDown === 'fail') {
      redis.disconnect();
      throw connectProblem(problem ?? (error as Error), redis.options.tls !== undefined);
    }
    await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  } finally {
    redis.off('error', note);
  }
}

/**
 * Connects. Resolves once Redis has answered; with `whenDown: 'fail'` it throws where the first connection fails, else it waits.
 * Throws for a URL that is not valid.
 */
export async function connectQueue(options: ConnectOptions): Promise<QueueConnection> {
  const leaseMs = options.leaseMs ?? defaults.leaseMs;
  const onError = options.onError ?? (() => {});
  const listeners: ((state: ConnectionState) => void)[] = [];
  let state: ConnectionState = 'down';
  const parsed = parseRedisUrl(options.url, options.tls);
  if (!parsed.ok) throw new Error(parsed.problem);
  const redis = openRedis(parsed.address, options.tls, commandOptions(options.whenDown));
  const reclaimer = new Reclaimer(redis, leaseMs);
  const opened: { close(): Promise<void> }[] = [];
  const become = (next: ConnectionState) => {
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener(next);
  };
  redis.on('error', onError);
  redis.on('ready', () => become('up'));
  redis.on('close', () => {
    reclaimer.lost();
    become('down');
  });
  await firstConnection(redis, options.whenDown);

  return {
    submission: submissionQueue(redis, { ...standardLimits, ...options.limits }),
    execution: executionQueue(redis),
    registry: workerRegistry(redis, leaseMs),
    upkeep: upkeepOf(redis, leaseMs, reclaimer),
    get state() {
      return state;
    },
    onState: (listener) => {
      listeners.push(listener);
    },
    openInbox: async (name) => {
      const subscriber = openRedis(parsed.address, options.tls, subscriberOptions);
      subscriber.on('error', onError);
      await firstConnection(subscriber, options.whenDown);
      const inbox = await openInbox(subscriber, name);
      opened.push(inbox);
      return inbox;
    },
    checkServer: () => checkServer(redis),
    close: async () => {
      await Promise.all(opened.map((inbox) => inbox.close()));
      redis.disconnect();
    },
  };
}
