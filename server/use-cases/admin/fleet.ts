/** What there is: queues and workers. */

import { granted, type Outcome } from '@inferq/core/refusal.ts';
import type { QueueLimits, QueueStats, SubmissionQueue, WorkerEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { Page, QueueView, WorkerView } from '../../broker.ts';
import type { KnownModels } from '../registry/known-models.ts';
import type { RegistryCache } from '../registry/registry-cache.ts';
import { answering } from '../store-failure.ts';
import { pageOf } from './page.ts';

export interface FleetParts {
  submission: Pick<SubmissionQueue, 'queueStats'>;
  workers: Pick<WorkerRegistry, 'runningTasks'>;
  registry: RegistryCache;
  limits: QueueLimits;
}

/** Task ids told of one executor: more than a batch holds. */
const runningIds = 1_000;

/** Workers seen within a lease, with what each executor runs. */
export function listWorkers({ registry, workers }: FleetParts, pageSize: number, token: string): Promise<Outcome<Page<WorkerView>>> {
  return answering(async () => {
    const page = pageOf((await registry.refresh()).registry.workers, ({ name }) => name, pageSize, token);
    if (!page.ok) return page;
    const executors = page.value.items.flatMap((worker) => worker.executors.map(({ name }) => name));
    const running = executors.length === 0 ? new Map<string, string[]>() : await workers.runningTasks(executors, runningIds);
    const items = page.value.items.map((entry) => ({ entry, runningTaskIds: ofWorker(running, entry) }));
    return granted({ ...page.value, items });
  });
}

function ofWorker(running: Map<string, string[]>, { executors }: WorkerEntry): Map<string, string[]> {
  return new Map(executors.map(({ name }) => [name, running.get(name) ?? []]));
}

/** Every queue that exists, by name. */
export function listQueues(
  { registry, submission, limits }: FleetParts,
  pageSize: number,
  token: string,
): Promise<Outcome<Page<QueueView>>> {
  return answering(async () => {
    const known = await registry.refresh();
    const page = pageOf([...known.queues], (name) => name, pageSize, token);
    if (!page.ok) return page;
    const stats = await submission.queueStats(page.value.items);
    const items = stats.map((one: QueueStats) => ({
      stats: one,
      maxTasks: limits.maxTasks,
      maxBytes: limits.maxBytes,
      liveExecutors: liveIn(known, one.name),
    }));
    return granted({ ...page.value, items });
  });
}

function liveIn({ registry }: KnownModels, queue: string): number {
  return registry.workers
    .filter((worker) => worker.queues.some((share) => share.queue === queue))
    .reduce((sum, { executors }) => sum + executors.length, 0);
}
