/** Queues and workers as operators see them. */

import type { Dictionary } from '@inferq/core/dictionary.ts';
import type { Queue, Worker } from '@inferq/proto/gen/inferq/v1/fleet.ts';
import type { QueueView, WorkerView } from '../../broker.ts';
import { toDate, toDuration } from './time.ts';

/** A queue's counts and limits. */
export function toQueue({ stats, maxTasks, maxBytes, liveExecutors }: QueueView): Queue {
  return {
    name: stats.name,
    waitingByPriority: new Map([...counts(stats.waitingByPriority)].map(([priority, count]) => [Number(priority), count])),
    waitingReturned: BigInt(stats.waitingReturned),
    running: BigInt(stats.running),
    scheduled: BigInt(stats.scheduled),
    dead: BigInt(stats.dead),
    oldestAge: stats.oldestAgeMs === undefined ? undefined : toDuration(stats.oldestAgeMs),
    bytes: BigInt(stats.bytes),
    maxTasks: BigInt(maxTasks),
    maxBytes: BigInt(maxBytes),
    liveExecutors,
    endedByState: counts(stats.endedByState),
  };
}

/** A worker with what each of its executors runs. */
export function toWorker({ entry, runningTaskIds }: WorkerView): Worker {
  return {
    name: entry.name,
    host: entry.host,
    pid: entry.pid,
    startTime: toDate(entry.startedAt),
    queues: entry.queues,
    executors: entry.executors.map((executor) => ({ ...executor, runningTaskIds: runningTaskIds.get(executor.name) ?? [] })),
    failedModels: entry.failedModels,
  };
}

function counts(values: Partial<Dictionary<number>>): Map<string, bigint> {
  return new Map(Object.entries(values).map(([key, value]) => [key, BigInt(value ?? 0)]));
}
