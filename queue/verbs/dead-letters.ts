/** Dead letters: listing and redriving them. */

import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import { calls } from '../calls.ts';
import type { DeadLetterFilter, DeadLetterPage, QueueLimits, Redriven } from '../queue.ts';
import { Script } from '../scripts.ts';
import { readSnapshot, text } from '../snapshot.ts';

const listScript = new Script('dead.lua');
const redriveScript = new Script('redrive.lua');

/** A page, newest first. `token` comes from the page before; one that is no token starts anew. */
export async function listDeadLetters(redis: Redis, filter: DeadLetterFilter, pageSize: number, token = ''): Promise<DeadLetterPage> {
  const [lastId = '', lastTime = ''] = /^[0-9a-z]{26}@\d+$/.test(token) ? token.split('@') : [];
  const [shots, next, time] = (await listScript.run(redis, [
    filter.model ?? '',
    filter.queue ?? '',
    (filter.codes ?? []).join(' '),
    filter.after ?? '-inf',
    filter.before ?? '+inf',
    pageSize,
    lastId,
    lastTime,
  ])) as [unknown[], unknown, unknown];
  const tasks = shots.map(readSnapshot).filter((task): task is TaskSnapshot => task !== undefined);
  return { tasks, ...(text(next) ? { nextToken: `${text(next)}@${text(time)}` } : {}) };
}

/** As `SubmissionQueue.redrive`. */
export async function redrive(
  redis: Redis,
  { maxTasks, maxBytes, retainedBytes }: QueueLimits,
  pairs: readonly { id: string; newId: string }[],
): Promise<Redriven> {
  const done: Redriven = { redriven: new Map(), before: [], full: [] };
  for (const part of calls(pairs)) {
    const args = part.flatMap(({ id, newId }) => [id, newId]);
    const replies = (await redriveScript.run(redis, [maxTasks, maxBytes, retainedBytes, ...args])) as unknown[][];
    part.forEach(({ id }, index) => {
      const [kind, value, queue] = (replies[index] ?? []).map(text);
      if (kind === 'redriven' || kind === 'before') done.redriven.set(id, value ?? '');
      if (kind === 'before') done.before.push(id);
      if (kind === 'full') done.full.push({ id, queue: queue ?? '', what: value as Redriven['full'][number]['what'] });
    });
  }
  return done;
}
