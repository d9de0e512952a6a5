/** What the fuzzer may not leave behind: tasks that never end, and keys in Redis that nothing will ever remove. */

import { isTerminal, NotFoundError, type Task } from '@inferq/client/index.ts';
import { key } from '@inferq/queue/keys.ts';
import { violations } from '@inferq/queue/test/support/invariants.ts';
import type { Redis } from 'ioredis';
import { eventually, type Stack } from '../support/stack.ts';

const endWithinMs = 60_000;
const settleMs = 5_000;
/** A task that is due later than this is cancelled instead of awaited. */
const soonMs = 3_000;
const atOnce = 32;

async function inTurn<T, R>(all: readonly T[], one: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < all.length; from += atOnce) results.push(...(await Promise.all(all.slice(from, from + atOnce).map(one))));
  return results;
}

/** The task as it stands; undefined where its result has expired, as it may some time after its end. */
async function look({ client }: Stack, id: string): Promise<Task | undefined> {
  try {
    return await client.getResult(id);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function unfinished(stack: Stack, ids: readonly string[]): Promise<Task[]> {
  const tasks = await inTurn(ids, (id) => look(stack, id));
  return tasks.filter((task) => task !== undefined).filter(({ state }) => !isTerminal(state));
}

/**
 * Cancels what waits for a far moment or for workers that do not exist, and waits until these tasks, and those of which only Redis
 * knows, have ended. Returns how many there were. Throws where one has not after a minute.
 */
export async function expectAllEnded(stack: Stack, redis: Redis, acknowledged: Iterable<string>): Promise<number> {
  const records = await redis.keys(key('record', '*'));
  const ids = new Set([...acknowledged, ...records.map((name) => name.slice(key('record', '').length))]);
  let open = await unfinished(stack, [...ids]);
  const waiting = open.filter(({ unserved, notBefore }) => unserved || Number(notBefore ?? 0) > Date.now() + soonMs);
  await inTurn(waiting, ({ id }) => stack.client.cancel(id));
  const end = performance.now() + endWithinMs;
  while (open.length > 0) {
    open = await unfinished(
      stack,
      open.map(({ id }) => id),
    );
    const [first] = open;
    if (first !== undefined && performance.now() > end) {
      throw new Error(`${open.length} of ${ids.size} tasks have not ended: ${first.id} of ${first.model} is ${first.state}`);
    }
  }
  return ids.size;
}

/** Sentences about keys without TTL or owner, and whatever else does not add up in Redis; none where all is well. */
export async function leftInRedis(redis: Redis): Promise<string[]> {
  let found: string[] = [];
  // Upkeep may be in the midst of something.
  await eventually(
    'Redis is in order',
    async () => {
      found = await violations(redis);
      return found.length === 0;
    },
    settleMs,
  ).catch(() => undefined);
  return found;
}
