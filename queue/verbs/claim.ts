/** claim: the next batch for an executor. Small inputs come with it, large ones are read after. */

import { defaults } from '@inferq/core/limits.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { key } from '../keys.ts';
import type { ClaimedTask, ClaimOutcome, ClaimRequest, PoolName } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('claim.lua');

/** A claim request as scripts read it. */
export function packClaim(request: ClaimRequest): unknown[] {
  return [
    request.executor,
    request.worker,
    request.device,
    request.maxBytes,
    request.waitForBell ? 1 : 0,
    request.solo ? 1 : 0,
    request.queues.map((pools) =>
      pools.map((pool) => [`${pool.queue}:${pool.model}:${pool.version}`, Math.max(1, pool.maxTasks), Math.max(1, pool.maxRows)]),
    ),
  ];
}

function number(value: string | undefined, standard: number): number {
  return value ? Number(value) : standard;
}

function readTask(reply: unknown[], pool: PoolName): ClaimedTask & { bytes: number } {
  const part = reply.slice(0, 16).map(text);
  const [id = '', token = '', attempt, charged, maxAttempts, rows, signature = '', rank] = part;
  const [cancel, ignore, hard, soft, deadline, submitted, started, queued] = part.slice(8);
  return {
    id,
    token,
    pool,
    attempt: Number(attempt),
    chargedAttempts: Number(charged),
    maxAttempts: Number(maxAttempts),
    rows: Number(rows),
    signature,
    solo: rank === 'solo',
    cancelRequested: cancel === '1',
    ignoreResult: ignore === '1',
    hardLimitMs: number(hard, defaults.hardLimitMs),
    ...(soft ? { softLimitMs: Number(soft) } : {}),
    ...(deadline ? { startDeadline: Number(deadline) } : {}),
    submittedAt: Number(submitted),
    startedAt: Number(started),
    queuedMs: Number(queued),
    input: reply[16] as Uint8Array,
    bytes: Number(text(reply[17])),
  };
}

/** Reads a claim's reply, and the large inputs that it left out. A task whose input is gone comes with an empty one. */
export async function readClaim(redis: Redis, reply: unknown): Promise<ClaimOutcome> {
  const [kind, name, list] = reply as [unknown, unknown, unknown[][]];
  const answer = text(kind);
  if (answer !== 'claimed') return { kind: answer as 'empty' | 'unregistered' };
  const [queue = '', model = '', version = ''] = text(name).split(':');
  const tasks = list.map((task) => readTask(task, { queue, model, version }));
  await Promise.all(
    tasks.map(async (task) => {
      if (task.bytes > 0 && task.input.length === 0) task.input = (await redis.getBuffer(key('input', task.id))) ?? task.input;
    }),
  );
  return { kind: 'claimed', tasks: tasks.map(({ bytes: _size, ...task }) => task) };
}

/** Claims the next batch. */
export async function claim(redis: Redis, request: ClaimRequest): Promise<ClaimOutcome> {
  return readClaim(redis, await script.run(redis, [encode(packClaim(request))]));
}
