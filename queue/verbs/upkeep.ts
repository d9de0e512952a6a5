/** promote, expire, prune and repair: what must happen though nobody asks. */

import { defaults } from '@inferq/core/limits.ts';
import type { ModelSpec } from '@inferq/core/model.ts';
import type { Redis } from 'ioredis';
import type { Registry } from '../queue.ts';
import { Script } from '../scripts.ts';

const promoteScript = new Script('promote.lua');
const expireScript = new Script('expire.lua');
const pruneScript = new Script('prune.lua');
const repairScript = new Script('repair.lua');
/** Tasks that one call moves at most, so that Redis is never blocked for long. */
const perCall = 1_000;

/** Moves and ends what is due; resolves to how many tasks. */
export async function promote(redis: Redis): Promise<number> {
  const [promoted, expired] = await Promise.all([promoteScript.run(redis, [perCall]), expireScript.run(redis, [perCall])]);
  return Number(promoted) + Number(expired);
}

/** Pools, as `queue:model:version`, that a live executor serves. */
function servedPools(registry: Registry): Set<string> {
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

/** Finds lost hints again and moves open-version tasks of pools that nobody serves. */
export async function repair(redis: Redis, registry: Registry): Promise<number> {
  const moves = planMoves(registry).flatMap(({ from, to, version }) => [from, to, version]);
  return Number(await repairScript.run(redis, moves));
}

/** Removes what has outlived its retention. */
export async function prune(redis: Redis, registry: Registry): Promise<number> {
  const { deadLetterAgeMs, deadLetterCount, deadLetterBytes } = defaults;
  return Number(await pruneScript.run(redis, [deadLetterAgeMs, deadLetterCount, deadLetterBytes, perCall, ...servedPools(registry)]));
}
