/** watch, unwatch and inspect: what tasks look like, and who is told when that changes. */

import type { ChunkRecord, TaskSnapshot } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import { calls } from '../calls.ts';
import { key } from '../keys.ts';
import { recordFields } from '../record.ts';
import { Script } from '../scripts.ts';
import { readSnapshot, text } from '../snapshot.ts';

const watchScript = new Script('watch.lua');
const unwatchScript = new Script('unwatch.lua');
const chunksPerRead = 128;

/** Snapshots in the order of `ids`; with `inbox`, registers it with every unfinished one. */
export async function inspect(redis: Redis, ids: readonly string[], inbox = ''): Promise<(TaskSnapshot | undefined)[]> {
  const snapshots: (TaskSnapshot | undefined)[] = [];
  for (const part of calls(ids)) {
    const replies = (await watchScript.run(redis, [inbox, ...part])) as unknown[];
    snapshots.push(...part.map((_id, index) => readSnapshot(replies[index])));
  }
  return snapshots;
}

/** Takes `inbox` off the watchers of these tasks. */
export async function unwatch(redis: Redis, ids: readonly string[], inbox: string): Promise<void> {
  for (const part of calls(ids)) await unwatchScript.run(redis, [inbox, ...part]);
}

function readChunk(taskId: string, entry: [Buffer, Buffer[]]): ChunkRecord {
  const [id, fields] = entry;
  return {
    taskId,
    sequence: Number.parseInt(text(id), 10),
    attempt: Number(text(fields[1])),
    index: Number(text(fields[3])),
    time: Number(text(fields[5])),
    payload: fields[7] as Buffer,
  };
}

/** As `SubmissionQueue.readOutput`. What is no result yet is the task's input, and never one again: the state is read first. */
export async function readOutput(redis: Redis, id: string): Promise<Uint8Array | undefined> {
  const [state, payload] = await Promise.all([redis.hget(key('record', id), recordFields.state), redis.getBuffer(key('payload', id))]);
  return state === 'succeeded' ? (payload ?? undefined) : undefined;
}

/**
 * As `SubmissionQueue.readInput`. The state is read after the key that input and result share: what was there before the task
 * SUCCEEDED is its input.
 */
export async function readInput(redis: Redis, id: string): Promise<Uint8Array | undefined> {
  const [payload, state, kept] = await Promise.all([
    redis.getBuffer(key('payload', id)),
    redis.hget(key('record', id), recordFields.state),
    redis.getBuffer(key('kept', id)),
  ]);
  const before = state === null || state === 'succeeded' ? undefined : payload;
  return kept ?? before ?? undefined;
}

/** As `SubmissionQueue.readChunks`. */
export async function readChunks(
  redis: Redis,
  id: string,
  afterSequence: number,
  maxBytes: number,
): Promise<{ chunks: ChunkRecord[]; more: boolean } | 'gone'> {
  const [[lastChunk], entries] = await Promise.all([
    redis.hmget(key('record', id), recordFields.lastChunk),
    redis.xrangeBuffer(key('log', id), `(${afterSequence}-0`, '+', 'COUNT', chunksPerRead) as unknown as Promise<[Buffer, Buffer[]][]>,
  ]);
  if (entries.length === 0) return lastChunk && Number(lastChunk) > afterSequence ? 'gone' : { chunks: [], more: false };
  const chunks: ChunkRecord[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const chunk = readChunk(id, entry);
    bytes += chunk.payload.length;
    if (chunks.length > 0 && bytes > maxBytes) return { chunks, more: true };
    chunks.push(chunk);
  }
  return { chunks, more: entries.length === chunksPerRead };
}
