/** promote, expire and prune: what must happen though nobody asks; and whose turn it is. */

import { defaults } from '@inferq/core/limits.ts';
import type { Redis } from 'ioredis';
import type { Registry } from '../queue.ts';
import { Script } from '../scripts.ts';
import { servedPools } from './repair.ts';

const promoteScript = new Script('promote.lua');
const expireScript = new Script('expire.lua');
const pruneScript = new Script('prune.lua');
const turnScript = new Script('turn.lua');
/** Tasks that one call moves at most, so that Redis is never blocked for long. */
const perCall = 250;
/** Calls of one turn; what is left comes with the next. */
const callsPerTurn = 20;

async function repeated(redis: Redis, script: Script): Promise<number> {
  let total = 0;
  for (let call = 0; call < callsPerTurn; call++) {
    const count = Number(await script.run(redis, [perCall]));
    total += count;
    if (count < perCall) break;
  }
  return total;
}

/** Moves and ends what is due; resolves to how many tasks. */
export async function promote(redis: Redis): Promise<number> {
  const [promoted, expired] = await Promise.all([repeated(redis, promoteScript), repeated(redis, expireScript)]);
  return promoted + expired;
}

/** How many dead letters stay, for how long, with how many bytes of inputs. */
export interface DeadLetterRetention {
  ageMs: number;
  count: number;
  bytes: number;
}

const standardRetention = { ageMs: defaults.deadLetterAgeMs, count: defaults.deadLetterCount, bytes: defaults.deadLetterBytes };

/** Removes what has outlived its retention. */
export async function prune(redis: Redis, registry: Registry, retention: DeadLetterRetention = standardRetention): Promise<number> {
  const { ageMs, count, bytes } = retention;
  return Number(await pruneScript.run(redis, [ageMs, count, bytes, perCall, ...servedPools(registry)]));
}

/** Whether this process does this part of upkeep now: nobody else does for `forMs`. */
export async function takeTurn(redis: Redis, part: string, forMs: number): Promise<boolean> {
  return Number(await turnScript.run(redis, [part, forMs])) === 1;
}
