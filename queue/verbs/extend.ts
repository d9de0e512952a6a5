/** extend: renews the leases of running attempts. */

import type { Redis } from 'ioredis';
import { calls } from '../calls.ts';
import type { AttemptRef, ExtendOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('extend.lua');

/** Renews all attempts of one executor; the outcomes are in their order. */
export async function extend(redis: Redis, executor: string, attempts: readonly AttemptRef[]): Promise<ExtendOutcome[]> {
  const outcomes: ExtendOutcome[] = [];
  for (const part of calls(attempts)) {
    const replies = await script.run(redis, [executor, ...part.flatMap(({ id, token }) => [id, token])]);
    outcomes.push(...(replies as unknown[]).map((reply) => text(reply) as ExtendOutcome));
  }
  return outcomes;
}
