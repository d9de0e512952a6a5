/** One process' way to Redis: a command connection, an inbox on a second one, and the verbs bound to them. */

import { defaults } from '@inferq/core/limits.ts';
import { Redis } from 'ioredis';
import { checkServer } from './check-server.ts';
import { openInbox } from './inbox.ts';
import { key } from './keys.ts';
import { MemoryWatermark } from './memory-watermark.ts';
import type {
  ConnectionState,
  ConnectOptions,
  ExecutionQueue,
  QueueConnection,
  QueueLimits,
  SubmissionQueue,
  Upkeep,
  WorkerRegistry,
} from './queue.ts';
import { commandOptions, subscriberOptions, target } from './redis-options.ts';
import { cancel, keep } from './verbs/cancel.ts';
import { claim } from './verbs/claim.ts';
import { listDeadLetters, redrive } from './verbs/dead-letters.ts';
import { emit } from './verbs/emit.ts';
import { extend } from './verbs/extend.ts';
import { Reclaimer } from './verbs/reclaim.ts';
import { announceModels, announceWorker, readRegistry, retireWorker } from './verbs/registry.ts';
import { settle } from './verbs/settle.ts';
import { queueStats } from './verbs/stats.ts';
import { releaseUnknown, runningTasks, strikeExecutor } from './verbs/strike.ts';
import { submit } from './verbs/submit.ts';
import { promote, prune, repair } from './verbs/upkeep.ts';
import { inspect, readChunks, unwatch } from './verbs/watch.ts';

const standardLimits: QueueLimits = {
  maxTasks: defaults.queueTasks,
  maxBytes: defaults.queueBytes,
  retainedBytes: defaults.retainedBytes,
  memoryWatermark: defaults.memoryWatermark,
};

function submissionQueue(redis: Redis, limits: QueueLimits): SubmissionQueue {
  const watermark = new MemoryWatermark(redis, limits.memoryWatermark);
  return {
    submit: async (tasks) => {
      if (await watermark.isFull(performance.now())) return tasks.map(() => ({ kind: 'full', what: 'memory' }));
      return submit(redis, limits, tasks);
    },
    inspect: (ids, watchBy) => inspect(redis, ids, watchBy),
    unwatch: (ids, inbox) => unwatch(redis, ids, inbox),
    readOutput: async (id) => (await redis.getBuffer(key('output', id))) ?? undefined,
    readChunks: (id, afterSequence, maxBytes) => readChunks(redis, id, afterSequence, maxBytes),
    cancel: (request) => cancel(redis, request),
    keep: (id) => keep(redis, id),
    listDeadLetters: (filter, pageSize, token) => listDeadLetters(redis, filter, pageSize, token),
    redrive: (pairs) => redrive(redis, pairs),
    queueStats: (names) => queueStats(redis, names),
    now: async () => {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    },
  };
}

function executionQueue(redis: Redis): ExecutionQueue {
  return {
    claim: (request) => claim(redis, request),
    extend: (executor, attempts) => extend(redis, executor, attempts),
    emit: (emissions) => emit(redis, emissions),
    settle: (settlements, next) => settle(redis, settlements, next),
    releaseUnknown: (executor, known) => releaseUnknown(redis, executor, known),
  };
}

function workerRegistry(redis: Redis, leaseMs: number): WorkerRegistry {
  return {
    announceWorker: (entry) => announceWorker(redis, entry),
    announceModels: (models) => announceModels(redis, leaseMs, models),
    retireWorker: (name) => retireWorker(redis, leaseMs, name),
    strikeExecutor: (name, why, lastExit) => strikeExecutor(redis, name, why, lastExit),
    readRegistry: () => readRegistry(redis, leaseMs),
    runningTasks: (executors, limit) => runningTasks(redis, executors, limit),
  };
}

function upkeepOf(redis: Redis, leaseMs: number, reclaimer: Reclaimer): Upkeep {
  return {
    promote: () => promote(redis),
    reclaim: () => reclaimer.reclaim(),
    prune: async () => prune(redis, await readRegistry(redis, leaseMs)),
    repair: async () => repair(redis, await readRegistry(redis, leaseMs)),
  };
}

/**
 * Connects. Resolves once Redis has answered; with `whenDown: 'fail'` it throws where the first connection fails, else it waits.
 */
export async function connectQueue(options: ConnectOptions): Promise<QueueConnection> {
  const leaseMs = options.leaseMs ?? defaults.leaseMs;
  const onError = options.onError ?? (() => {});
  const listeners: ((state: ConnectionState) => void)[] = [];
  let state: ConnectionState = 'down';
  const redis = new Redis(target(options.url), { ...commandOptions(options.whenDown), lazyConnect: true, replyMapping: 'legacy' });
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
  try {
    await redis.connect();
  } catch (error) {
    if (options.whenDown === 'fail') {
      redis.disconnect();
      throw error;
    }
    await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  }

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
      const subscriber = new Redis(target(options.url), { ...subscriberOptions, lazyConnect: true, replyMapping: 'legacy' });
      subscriber.on('error', onError);
      await subscriber.connect();
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
