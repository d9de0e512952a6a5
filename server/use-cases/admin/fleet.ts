/** What there is: queues, workers, models. */

import { granted, type Outcome, refused } from '@inferq/core/refusal.ts';
import type { QueueLimits, QueueStats, SubmissionQueue, WorkerEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { ModelView, Page, QueueView, WorkerView } from '../../broker.ts';
import { type KnownModels, resolveVersion } from '../registry/known-models.ts';
import type { RegistryCache } from '../registry/registry-cache.ts';
import { answering, wrongField } from '../store-failure.ts';
import { checkNames } from '../submit/check-names.ts';
import { unknownModel } from '../submit/plan-submit.ts';
import { pageOf } from './page.ts';

export interface FleetParts {
  submission: Pick<SubmissionQueue, 'queueStats'>;
  workers: Pick<WorkerRegistry, 'runningTasks'>;
  registry: RegistryCache;
  limits: QueueLimits;
}

/** Task ids told of one executor: more than a batch holds. */
const runningIds = 1_000;

/** One version, or the one that a Submit without a version would get now. */
export function getModel({ registry }: FleetParts, name: string, version: string): Promise<Outcome<ModelView>> {
  return answering(async () => {
    const [wrong] = checkNames({ model: name, version });
    if (wrong !== undefined) return wrongField(wrong.field, wrong.description);
    const known = await registry.current();
    const found = modelView(known, name, version) ?? modelView(await registry.refresh(), name, version);
    return found === undefined ? refused('MODEL_NOT_FOUND', unknownModel(registry.last(), name, version)) : granted(found);
  });
}

function modelView(known: KnownModels, name: string, version: string): ModelView | undefined {
  const spec = resolveVersion(known, name, version, '');
  return spec && { spec, liveExecutors: known.liveExecutors(spec.name, spec.version) };
}

/** Every version known, by name, the highest version first. */
export function listModels({ registry }: FleetParts, pageSize: number, token: string): Promise<Outcome<Page<ModelView>>> {
  return answering(async () => {
    const known = await registry.refresh();
    const views = known.registry.models.map((spec) => ({ spec, liveExecutors: known.liveExecutors(spec.name, spec.version) }));
    return pageOf(views, ({ spec }) => `${spec.name} ${String(1e9 - Number(spec.version)).padStart(9, '0')}`, pageSize, token);
  });
}

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
