/** inspect, of queues. */

import { dictionary } from '@inferq/core/dictionary.ts';
import type { TaskState } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import type { QueueStats } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('stats.lua');

function pairs(flat: unknown): [string, number][] {
  const list = (flat as unknown[]).map(text);
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, Number(list[index + 1])] as [string, number]] : []));
}

function readStats(name: string, reply: unknown): QueueStats {
  const [waiting, running, scheduled, dead, oldest, bytes, ended, now] = reply as unknown[];
  const waitingByPriority: Record<number, number> = {};
  let waitingReturned = 0;
  for (const [rank, count] of pairs(waiting)) {
    if (rank === 'solo' || rank === 'returned') waitingReturned += count;
    else waitingByPriority[Number(rank)] = (waitingByPriority[Number(rank)] ?? 0) + count;
  }
  const head = text(oldest);
  return {
    name,
    waitingByPriority,
    waitingReturned,
    running: Number(running),
    scheduled: Number(scheduled),
    dead: Number(dead),
    ...(head ? { oldestAgeMs: Math.max(0, Number(text(now)) - Number(head)) } : {}),
    bytes: Number(text(bytes)),
    endedByState: dictionary(pairs(ended)) as Partial<Record<TaskState, number>>,
  };
}

/** Figures of the named queues, in their order. */
export async function queueStats(redis: Redis, names: readonly string[]): Promise<QueueStats[]> {
  if (names.length === 0) return [];
  const replies = (await script.run(redis, [...names])) as unknown[];
  return names.map((name, index) => readStats(name, replies[index]));
}
