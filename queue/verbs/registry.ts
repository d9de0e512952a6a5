/** Who works, and which models and queues are known. */

import type { ModelSpec } from '@inferq/core/model.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { key } from '../keys.ts';
import type { NameOutcome, Registry, WorkerEntry, WorkerIdentity } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const holdScript = new Script('hold_name.lua');
const announceScript = new Script('announce.lua');
const modelScript = new Script('announce_model.lua');
const retireScript = new Script('retire.lua');
const registryScript = new Script('registry.lua');

function modelsOf(entry: WorkerEntry): string[] {
  return [...new Set(entry.executors.flatMap((executor) => executor.models.map(({ name, version }) => `${name}:${version}`)))];
}

/** The same text for every call of an instance: scripts compare it. */
function holder({ instance, host, pid }: WorkerIdentity): string {
  return JSON.stringify({ instance, host, pid });
}

/** As `WorkerRegistry.holdName`. */
export async function holdName(redis: Redis, leaseMs: number, worker: WorkerIdentity): Promise<NameOutcome> {
  const taken = (await holdScript.run(redis, [leaseMs, worker.name, holder(worker)])) as [unknown, number] | null;
  return taken ? { kind: 'taken', by: JSON.parse(text(taken[0])), silentMs: taken[1] } : { kind: 'held' };
}

/** As `WorkerRegistry.announceWorker`. */
export async function announceWorker(redis: Redis, leaseMs: number, entry: WorkerEntry): Promise<'known' | 'modelsLost' | 'taken'> {
  const queues = entry.queues.map(({ queue }) => queue);
  const executors = entry.executors.map(({ name }) => name);
  const request = [entry.name, JSON.stringify(entry), queues, executors, modelsOf(entry), holder(entry), leaseMs];
  return text(await announceScript.run(redis, [encode(request)])) as 'known' | 'modelsLost' | 'taken';
}

/** As `WorkerRegistry.announceModels`. */
export async function announceModels(redis: Redis, leaseMs: number, models: readonly ModelSpec[]) {
  return Promise.all(
    models.map(async (spec) => {
      const args = [leaseMs, `${spec.name}:${spec.version}`, spec.digest, JSON.stringify(spec), spec.queue];
      const outcome = text(await modelScript.run(redis, args)) as 'announced' | 'conflict';
      return { name: spec.name, version: spec.version, outcome };
    }),
  );
}

/** As `WorkerRegistry.retireWorker`. */
export async function retireWorker(redis: Redis, leaseMs: number, worker: WorkerIdentity): Promise<void> {
  const known = await redis.get(key('worker', worker.name));
  const models = known ? modelsOf(JSON.parse(known) as WorkerEntry) : [];
  await retireScript.run(redis, [leaseMs, worker.name, holder(worker), ...models]);
}

/** A worker of an earlier release announces neither failed models nor an instance. */
function readWorker(json: unknown): WorkerEntry {
  const entry = JSON.parse(text(json)) as Partial<WorkerEntry> & Omit<WorkerEntry, 'failedModels' | 'instance'>;
  return { ...entry, failedModels: entry.failedModels ?? [], instance: entry.instance ?? '' };
}

function byNameThenNewest(one: ModelSpec, other: ModelSpec): number {
  return one.name === other.name ? Number(other.version) - Number(one.version) : one.name < other.name ? -1 : 1;
}

/** As `WorkerRegistry.readRegistry`. */
export async function readRegistry(redis: Redis, leaseMs: number): Promise<Registry> {
  const [workers, models, queues] = (await registryScript.run(redis, [leaseMs])) as [unknown[], unknown[], unknown[]];
  return {
    workers: workers.map(readWorker),
    models: models.map((json) => JSON.parse(text(json)) as ModelSpec).sort(byNameThenNewest),
    queues: queues.map(text).sort(),
  };
}
