/** Records as they lie in Redis. */

import { isTerminal, type TaskState } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import { key } from '../../keys.ts';
import { readRecord, recordFields, type TaskFields, times } from '../../record.ts';

/** The values of a task's record. What an ended task keeps of its last run, where it stood and with which token, is left out. */
export async function recordOf(redis: Redis, id: string): Promise<TaskFields> {
  const fields = readRecord(Object.entries(await redis.hgetall(key('record', id))));
  if (!isTerminal(fields.state as TaskState)) return fields;
  const { rank: _rank, entry: _entry, token, ...kept } = fields;
  // The token of a success is what a settlement sent again is known by.
  return { ...kept, ...(kept.state === 'succeeded' && token ? { settled: token } : {}) };
}

/** Moves a task's start deadline, in its record alone. */
export async function setStartDeadline(redis: Redis, id: string, startDeadline: number): Promise<void> {
  const fields = { ...(await recordOf(redis, id)), startDeadline: String(startDeadline) };
  await redis.hset(key('record', id), recordFields.times, times.map((name) => fields[name] ?? '-').join(' '));
}
