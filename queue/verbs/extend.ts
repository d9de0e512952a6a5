/** extend: renews the leases of running attempts. */

import type { Redis } from 'ioredis';
import type { AttemptRef, ExtendOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('extend.lua');

/** Renews all attempts of one executor; the outcomes are in their order. */
export async function extend(redis: Redis, executor: string, attempts: readonly AttemptRef[]): Promise<ExtendOutcome[]> {
  if (attempts.length === 0) return [];
  const replies = await script.run(redis, [executor, ...attempts.flatMap(({ id, token }) => [id, token])]);
  return (replies as unknown[]).map((reply) => text(reply) as ExtendOutcome);
}
