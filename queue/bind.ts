/** Binds the verbs to a connection, one object for each kind of caller. */

import type { Redis } from 'ioredis';
import { MemoryWatermark } from './memory-watermark.ts';
import type { ExecutionQueue, QueueLimits, SubmissionQueue, Upkeep, WorkerRegistry } from './queue.ts';
import { cancel } from './verbs/cancel.ts';
import { claim, withInputs } from './verbs/claim.ts';
import { listDeadLetters, redrive } from './verbs/dead-letters.ts';
import { emit } from './verbs/emit.ts';
import { extend } from './verbs/extend.ts';
import type { Reclaimer } from './verbs/reclaim.ts';
import { announceModels, announceWorker, holdName, readRegistry, retireWorker } from './verbs/registry.ts';
import { Repairer } from './verbs/repair.ts';
import { settle } from './verbs/settle.ts';
import { queueStats } from './verbs/stats.ts';
import { releaseUnknown, runningTasks, strikeExecutor } from './verbs/strike.ts';
import { submit } from './verbs/submit.ts';
import { unbind } from './verbs/unbind.ts';
import { promote, prune, takeTurn } from './verbs/upkeep.ts';
import { inspect, readChunks, readInput, readOutput, unwatch } from './verbs/watch.ts';

/** What servers use, on this connection. */
export function submissionQueue(redis: Redis, limits: QueueLimits): SubmissionQueue {
  const watermark = new MemoryWatermark(redis, limits.memoryWatermark);
  return {
    submit: async (tasks) => {
      const payloads = tasks.map(({ input, metadata }) => input.length + (metadata?.length ?? 0));
      return submit(redis, limits, tasks, await watermark.admit(payloads, performance.now()));
    },
    inspect: (ids, watchBy) => inspect(redis, ids, watchBy),
    unwatch: (ids, inbox) => unwatch(redis, ids, inbox),
    readOutput: (id) => readOutput(redis, id),
    readInput: (id) => readInput(redis, id),
    readChunks: (id, afterSequence, maxBytes) => readChunks(redis, id, afterSequence, maxBytes),
    cancel: (request) => cancel(redis, request),
    unbind: (bound, cancelAfterMs) => unbind(redis, bound, cancelAfterMs),
    listDeadLetters: (filter, pageSize, token) => listDeadLetters(redis, filter, pageSize, token),
    redrive: (pairs) => redrive(redis, limits, pairs),
    queueStats: (names) => queueStats(redis, names),
    now: async () => {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    },
  };
}

/** What executors use, on this connection. */
export function executionQueue(redis: Redis): ExecutionQueue {
  return {
    claim: (request) => claim(redis, request),
    extend: (executor, attempts) => extend(redis, executor, attempts),
    emit: (emissions) => emit(redis, emissions),
    settle: (settlements, next) => settle(redis, settlements, next),
    releaseUnknown: (executor, known) => releaseUnknown(redis, executor, known),
    withInputs: (tasks, lacking) => withInputs(redis, tasks, lacking),
  };
}

/** Who works, on this connection. */
export function workerRegistry(redis: Redis, leaseMs: number): WorkerRegistry {
  return {
    holdName: (worker) => holdName(redis, leaseMs, worker),
    announceWorker: (entry) => announceWorker(redis, leaseMs, entry),
    announceModels: (models) => announceModels(redis, leaseMs, models),
    retireWorker: (worker) => retireWorker(redis, leaseMs, worker),
    strikeExecutor: (name, why, lastExit) => strikeExecutor(redis, name, why, lastExit),
    readRegistry: () => readRegistry(redis, leaseMs),
    runningTasks: (executors, limit) => runningTasks(redis, executors, limit),
  };
}

/** What keeps time, on this connection. */
export function upkeepOf(redis: Redis, leaseMs: number, reclaimer: Reclaimer): Upkeep {
  const repairer = new Repairer(redis);
  return {
    promote: () => promote(redis),
    reclaim: () => reclaimer.reclaim(),
    prune: async () => prune(redis, await readRegistry(redis, leaseMs)),
    repair: async () => repairer.repair(await readRegistry(redis, leaseMs)),
    takeTurn: (part, forMs) => takeTurn(redis, part, forMs),
  };
}
