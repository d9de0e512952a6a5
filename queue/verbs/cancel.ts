/** cancel: a durable request to stop a task. */

import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import { key } from '../keys.ts';
import type { CancelRequest } from '../queue.ts';
import { Script } from '../scripts.ts';
import { readSnapshot } from '../snapshot.ts';

const script = new Script('cancel.lua');

/** Cancels now, or after a while unless `keep` comes first; undefined for an unknown id. */
export async function cancel(redis: Redis, request: CancelRequest): Promise<TaskSnapshot | undefined> {
  return readSnapshot(await script.run(redis, [request.id, request.force ? '1' : '0', request.afterMs ?? '']));
}

/** Takes back a delayed cancel. */
export async function keep(redis: Redis, id: string): Promise<void> {
  await redis.zrem(key('due'), `cut:${id}`);
}
