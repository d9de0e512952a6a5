/** What must not be left over: consumers of executors that are gone, keys without TTL or owner, processes. */

import { setTimeout as pause } from 'node:timers/promises';
import type { InferqClient } from '@inferq/client/index.ts';
import { group, key } from '@inferq/queue/keys.ts';
import { violations } from '@inferq/queue/test/support/invariants.ts';
import type { Redis } from 'ioredis';
import type { Fleet } from '../fleet/fleet.ts';
import type { Ledger } from './ledger.ts';

const settleMs = 20_000;
const lookMs = 250;

interface Consumer {
  name: string;
  lane: string;
  pending: number;
}

async function consumers(redis: Redis): Promise<Consumer[]> {
  const all: Consumer[] = [];
  for (const lane of await redis.smembers(key('lanes'))) {
    const infos = (await redis.xinfo('CONSUMERS', key('lane', lane), group).catch(() => [])) as [string, string, string, number][];
    for (const [, name, , pending] of infos) all.push({ name, lane, pending });
  }
  return all;
}

/** Consumers that hold something, or that nothing will ever remove: that of a vanished executor goes with its registration, which ends. */
async function leaked(redis: Redis, live: readonly string[]): Promise<string[]> {
  const gone = (await consumers(redis)).filter(({ name }) => !live.includes(name));
  const ttls = await Promise.all(gone.map(({ name }) => redis.pttl(key('executor', name))));
  return gone.flatMap(({ name, lane, pending }, index) => {
    if (pending > 0) return [`${name} holds ${pending} entries of ${lane}`];
    return (ttls[index] ?? 0) > 0 ? [] : [`${name} in ${lane}`];
  });
}

/** Executors that are registered though they run no more. */
export function registeredForNothing(redis: Redis): Promise<number> {
  return redis.zcard(key('executors'));
}

/** Waits until `look` finds nothing, and violates what it still finds in the end. */
async function expectNone(ledger: Ledger, what: string, look: () => Promise<string[]> | string[]): Promise<void> {
  const end = performance.now() + settleMs;
  let found = await look();
  while (found.length > 0 && performance.now() < end) {
    await pause(lookMs);
    found = await look();
  }
  if (found.length > 0)
    ledger.violate(`${what}: ${found.slice(0, 20).join('; ')}${found.length > 20 ? `; and ${found.length - 20} more` : ''}`);
}

/** While the fleet is up and idle. */
export async function checkIdle(ledger: Ledger, fleet: Fleet, api: InferqClient): Promise<void> {
  const executors = async () => {
    const names: string[] = [];
    for await (const worker of api.admin.workers()) names.push(...worker.executors.map(({ name }) => name));
    return names;
  };
  await expectNone(ledger, 'workers are missing', async () => {
    const missing = fleet.workers.length * 2 - (await executors()).length;
    return missing === 0 ? [] : [`${missing} executors of ${fleet.workers.length} workers`];
  });
  await expectNone(ledger, 'leaked consumers', async () => leaked(fleet.admin, await executors()));
  const expected = () => [fleet.redis.pid, process.pid, ...fleet.units.map(({ pid }) => pid ?? 0), ...fleet.executors];
  await expectNone(ledger, 'leaked processes', () => {
    const known = expected();
    return fleet.census
      .running()
      .filter((pid) => !known.includes(pid))
      .map(String);
  });
}

/** After the fleet was stopped: nobody changes anything any more. */
export async function checkRest(ledger: Ledger, fleet: Fleet): Promise<void> {
  await expectNone(ledger, 'consumers outlived their workers', () => leaked(fleet.admin, []));
  await expectNone(ledger, 'processes outlived the fleet', () =>
    fleet.census
      .running()
      .filter((pid) => pid !== fleet.redis.pid)
      .map(String),
  );
  for (const sentence of (await violations(fleet.admin)).slice(0, 100)) ledger.violate(`in Redis: ${sentence}`);
}
