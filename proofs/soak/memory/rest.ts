/** What is in Redis when all has ended: every key has an owner that outlives tasks, or it was left behind. */

import { type KeyName, keyFragments, prefix } from '@inferq/queue/keys.ts';
import type { Redis } from 'ioredis';

/** Why a kind of key stays when no task is left. Any other kind is a task's, and must be gone. */
const owners: Partial<Record<KeyName, string>> = {
  lane: 'streams of pools that are served: one for each priority used',
  lanes: 'which lanes exist',
  ready: 'a hint, emptied by the next claim',
  idle: 'executors that wait: one set for each pool',
  bytes: 'input bytes by queue',
  depth: 'waiting tasks by queue',
  ended: 'ended tasks by state, one hash for each queue',
  retained: 'bytes of results that are kept',
  retainedMinutes: 'minutes in which results expire',
  retainedBytes: 'bytes of those, by minute',
  deadBytes: 'input bytes of dead letters',
  executor: 'registered executors',
  executors: 'when they were last heard',
  worker: 'workers, for 7 days',
  workers: 'when they were last heard',
  model: 'model versions, for 7 days',
  models: 'when they were last announced',
  queues: 'queues that workers and models name',
  turn: 'who does a part of upkeep, for a second',
  partitions: 'how many there are',
};

const fragments = (Object.entries(keyFragments) as [KeyName, string][]).sort(([, one], [, other]) => other.length - one.length);

function kindOf(full: string): KeyName | undefined {
  const bare = full.slice(prefix().length);
  return fragments.find(([, fragment]) =>
    fragment.endsWith(':') ? bare.startsWith(fragment) : bare === fragment || bare.startsWith(`${fragment}:`),
  )?.[0];
}

export interface Rest {
  kind: string;
  count: number;
  /** Undefined where nothing owns them. */
  owner: string | undefined;
  example: string;
}

/** All keys by kind. */
export async function readRest(redis: Redis): Promise<Rest[]> {
  const kinds = new Map<string, Rest>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1_000);
    for (const full of keys) {
      const name = kindOf(full);
      const kind = name ?? 'unknown';
      const rest = kinds.get(kind) ?? { kind, count: 0, owner: name && owners[name], example: full };
      kinds.set(kind, { ...rest, count: rest.count + 1 });
    }
    cursor = next;
  } while (cursor !== '0');
  return [...kinds.values()].sort((one, other) => one.kind.localeCompare(other.kind));
}

/** How many keys no process and no queue owns. */
export function unowned(rest: readonly Rest[]): number {
  return rest.filter(({ owner }) => owner === undefined).reduce((sum, { count }) => sum + count, 0);
}
