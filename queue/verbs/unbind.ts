/** unbind: a call holds its task no longer. Safe to send again. */

import type { Redis } from 'ioredis';
import type { BoundCall } from '../queue.ts';
import { Script } from '../scripts.ts';

const script = new Script('unbind.lua');

/** Where no other call holds the task, it is cancelled `cancelAfterMs` later, if given, unless a Submit binds it before. */
export async function unbind(redis: Redis, { id, call }: BoundCall, cancelAfterMs?: number): Promise<void> {
  await script.run(redis, [id, call, cancelAfterMs ?? '']);
}
