/** repair: lost hints, and tasks that wait where nobody serves them. */

import type { ModelSpec } from '@inferq/core/model.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import type { Registry } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('repair.lua');

/** Pools, as `queue:model:version`, that a live executor serves. */
export function servedPools(registry: Registry): Set<string> {
  const pools = new Set<string>();
  for (const worker of registry.workers) {
    for (const { queue } of worker.queues) {
      for (const executor of worker.executors) {
        for (const { name, version } of executor.models) pools.add(`${queue}:${name}:${version}`);
      }
    }
  }
  return pools;
}

/** Whether a task that was checked against one version may run on the other. */
function interchangeable(one: ModelSpec, other: ModelSpec): boolean {
  const contract = (spec: ModelSpec) =>
    JSON.stringify([spec.inputs, spec.outputs, spec.parameters, spec.maxBatchSize, spec.maxRows, spec.softLimitMs, spec.hardLimitMs]);
  return contract(one) === contract(other);
}

/** For each known pool that nobody serves: the served version in the same queue that may take its open-version tasks. */
export function planMoves(registry: Registry): { from: string; to: string; version: string }[] {
  const served = servedPools(registry);
  return registry.models.flatMap((dead) =>
    registry.queues.flatMap((queue) => {
      const from = `${queue}:${dead.name}:${dead.version}`;
      if (served.has(from)) return [];
      const heir = registry.models.find(
        (spec) => spec.name === dead.name && served.has(`${queue}:${spec.name}:${spec.version}`) && interchangeable(dead, spec),
      );
      return heir ? [{ from, to: `${queue}:${heir.name}:${heir.version}`, version: heir.version }] : [];
    }),
  );
}

/** Finds lost hints again and moves open-version tasks of pools that nobody serves; looks through long lanes over several calls. */
export class Repairer {
  readonly #redis: Redis;
  /** Lane and last entry looked at. */
  #looked: [string, string][] = [];

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Resolves to how many lanes were repaired and tasks moved. */
  async repair(registry: Registry): Promise<number> {
    const moves = planMoves(registry).map(({ from, to, version }) => [from, to, version]);
    const [count, ...rest] = (await script.run(this.#redis, [encode(moves), encode(this.#looked)])) as unknown[];
    this.#looked = rest.flatMap((lane, index) => (index % 2 === 0 ? [[text(lane), text(rest[index + 1])] as [string, string]] : []));
    return Number(count);
  }
}
