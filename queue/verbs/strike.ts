/** strike, releaseUnknown and runningTasks: what lies under an executor's name. */

import type { Redis } from 'ioredis';
import type { AttemptRef } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const strikeScript = new Script('strike.lua');
const unknownScript = new Script('release_unknown.lua');
const runningScript = new Script('running.lua');

/** As `WorkerRegistry.strikeExecutor`. */
export async function strikeExecutor(redis: Redis, name: string, why: 'crash' | 'shutdown', lastExit: string): Promise<number> {
  return Number(await strikeScript.run(redis, [name, why, lastExit]));
}

/** As `ExecutionQueue.releaseUnknown`. */
export async function releaseUnknown(
  redis: Redis,
  executor: string,
  known: readonly AttemptRef[],
): Promise<{ released: number; handOvers: number }> {
  const reply = await unknownScript.run(redis, [executor, ...known.flatMap(({ id, token }) => [id, token])]);
  const [released = 0, handOvers = 0] = (reply as unknown[]).map(Number);
  return { released, handOvers };
}

/** As `WorkerRegistry.runningTasks`. */
export async function runningTasks(redis: Redis, executors: readonly string[], limit: number): Promise<Map<string, string[]>> {
  if (executors.length === 0) return new Map();
  const replies = (await runningScript.run(redis, [limit, ...executors])) as unknown[][];
  return new Map(executors.map((name, index) => [name, (replies[index] ?? []).map(text)]));
}
