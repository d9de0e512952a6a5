/** Redis' memory and its background writing, by its own account (INFO). */

import { eventually } from '@inferq/test/support/stack.ts';
import type { Redis } from 'ioredis';

const rewriteLimitMs = 600_000;

/** Bytes that hold data: without the buffers of the append-only file and of clients. */
export async function dataBytes(redis: Redis): Promise<number> {
  const memory = await redis.info('memory');
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
  return read('used_memory') - read('mem_not_counted_for_evict') - read('mem_clients_normal');
}

/** Resolves when no append-only file is being written anew, which would take a core. */
export async function rewritten(redis: Redis): Promise<void> {
  const idle = async () => /^aof_rewrite_in_progress:0/m.test(await redis.info('persistence'));
  await eventually('the append-only file is rewritten', idle, rewriteLimitMs);
}
