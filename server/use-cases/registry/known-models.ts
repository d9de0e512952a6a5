/** The registry, indexed for the questions that every request asks. Pure. */

import { defaults } from '@inferq/core/limits.ts';
import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import { shownList } from '@inferq/core/names.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { Registry } from '@inferq/queue/queue.ts';

/** What is known of models, queues and who serves them, at one moment. */
export interface KnownModels {
  registry: Registry;
  /** Every queue that exists. */
  queues: ReadonlySet<string>;
  /** Versions of one model, highest first; empty for an unknown name. */
  versions(name: string): readonly ModelSpec[];
  /** How many live executors have this version loaded: in all, or of workers that serve `queue`. */
  liveExecutors(name: string, version: string, queue?: string): number;
  /** What live workers could not load of one model. */
  failures(name: string): readonly LoadFailure[];
}

/** A model version that a live worker could not load. */
export interface LoadFailure extends FailedModel {
  worker: string;
}

/** Indexes a registry once, so that requests need no search. `alsoQueues` exist without being named in it. */
export function indexRegistry(registry: Registry, alsoQueues: readonly string[]): KnownModels {
  const byName = Map.groupBy(registry.models, (spec) => spec.name);
  for (const specs of byName.values()) specs.sort((one, other) => Number(other.version) - Number(one.version));
  const live = countLive(registry);
  const failures = Map.groupBy(allFailures(registry), ({ name }) => name);
  return {
    registry,
    queues: new Set([...defaults.queues, ...alsoQueues, ...registry.queues]),
    versions: (name) => byName.get(name) ?? [],
    liveExecutors: (name, version, queue = '') => live.get(`${name} ${version} ${queue}`) ?? 0,
    failures: (name) => failures.get(name) ?? [],
  };
}

/** Every failure that live workers tell of. */
export function allFailures({ workers }: Registry): LoadFailure[] {
  return workers.flatMap((worker) => worker.failedModels.map((failed) => ({ ...failed, worker: worker.name })));
}

function countLive(registry: Registry): Map<string, number> {
  const live = new Map<string, number>();
  const count = (key: string) => live.set(key, (live.get(key) ?? 0) + 1);
  for (const worker of registry.workers) {
    for (const executor of worker.executors) {
      for (const { name, version } of executor.models) {
        count(`${name} ${version} `);
        for (const { queue } of worker.queues) count(`${name} ${version} ${queue}`);
      }
    }
  }
  return live;
}

/**
 * The version that a request means: the one it names; else the highest that a live executor of the queue has ready, else the
 * highest ready anywhere, else the highest known. With an empty `queue` each version is looked for in its own model's queue.
 */
export function resolveVersion(known: KnownModels, name: string, version: string, queue: string): ModelSpec | undefined {
  const specs = known.versions(name);
  if (version !== '') return specs.find((spec) => spec.version === version);
  return (
    specs.find((spec) => known.liveExecutors(name, spec.version, queue === '' ? spec.queue : queue) > 0) ??
    specs.find((spec) => known.liveExecutors(name, spec.version) > 0) ??
    specs[0]
  );
}

/** Why no live worker takes a task that waits, in one sentence without a full stop; undefined where one does. */
export function unservedReason(known: KnownModels, { state, model, version, queue }: TaskSnapshot): string | undefined {
  if (state !== 'queued' && state !== 'scheduled') return undefined;
  const isServed = (other: string, where: string) => known.liveExecutors(model, other, where) > 0;
  if (isServed(version, queue)) return undefined;
  const task = `${model}:${version}`;
  const versions = known.versions(model).filter((spec) => isServed(spec.version, queue));
  if (versions.length > 0) {
    const others = versions.map((spec) => `${model}:${spec.version}`);
    return `${task} is not served; ${shownList(others)} ${others.length === 1 ? 'is' : 'are'}`;
  }
  const queues = [...known.queues].filter((other) => isServed(version, other));
  if (queues.length > 0) return `${task} is not served in queue ${queue}; in ${shownList(queues)} it is`;
  return `no live worker serves ${task} in queue ${queue}`;
}
