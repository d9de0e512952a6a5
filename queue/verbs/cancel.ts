/** cancel: a durable request to stop a task. */

import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import type { CancelRequest } from '../queue.ts';
import { Script } from '../scripts.ts';
import { readSnapshot } from '../snapshot.ts';

const script = new Script('cancel.lua');

/** The task as it stands after the request; undefined for an unknown id. */
export async function cancel(redis: Redis, { id, force }: CancelRequest): Promise<TaskSnapshot | undefined> {
  return readSnapshot(await script.run(redis, [id, force ? '1' : '0']));
}
