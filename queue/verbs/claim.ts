/** claim: the next batch for an executor. Small inputs come with it, large ones are read after. */

import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { key } from '../keys.ts';
import type { ClaimedTask, ClaimOutcome, ClaimRequest, PoolName } from '../queue.ts';
import { facts, run, type TaskFields, times, unpackInto } from '../record.ts';
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

/** The values of a task's line, in the order in which lua/lib/claim.lua writes them. */
const lineNames = ['id', 'token', 'attempt', 'charged', 'cancelRequested', ...facts, ...times, ...run] as const;

function readTask(line: string, rank: string, pool: PoolName, signature: string, input: Uint8Array): ClaimedTask & { bytes: number } {
  const fields: TaskFields & { id?: string } = {};
  unpackInto(fields, lineNames as readonly (keyof TaskFields)[], line.split(' '));
  const { id = '', token = '', flags = '', softLimit, startDeadline } = fields;
  return {
    id,
    token,
    pool,
    attempt: Number(fields.attempt),
    chargedAttempts: Number(fields.charged),
    maxAttempts: Number(fields.maxAttempts),
    rows: Number(fields.rows),
    signature,
    solo: rank === 'solo',
    cancelRequested: fields.cancelRequested === '1',
    ignoreResult: flags.includes('i'),
    hardLimitMs: Number(fields.hardLimit),
    ...(softLimit === undefined ? {} : { softLimitMs: Number(softLimit) }),
    ...(startDeadline === undefined ? {} : { startDeadline: Number(startDeadline) }),
    submittedAt: Number(fields.submitted),
    startedAt: Number(fields.started),
    queuedMs: Number(fields.queuedMs),
    input,
    bytes: Number(fields.bytes),
  };
}

/** Reads a claim's reply, and the large inputs that it left out. A task whose input is gone comes with an empty one. */
export async function readClaim(redis: Redis, reply: unknown): Promise<ClaimOutcome> {
  const [kind, name, rank, signature, list, more] = reply as [unknown, unknown, unknown, unknown, unknown[], unknown];
  const answer = text(kind);
  if (answer !== 'claimed') return { kind: answer as 'empty' | 'unregistered' };
  const [queue = '', model = '', version = ''] = text(name).split(':');
  const shared = [text(rank), { queue, model, version }, text(signature)] as const;
  const tasks: (ClaimedTask & { bytes: number })[] = [];
  for (let at = 0; at < list.length; at += 2) tasks.push(readTask(text(list[at]), ...shared, list[at + 1] as Uint8Array));
  const lacking = tasks.filter(({ bytes, input }) => bytes > 0 && input.length === 0);
  await Promise.all(
    lacking.map(async (task) => {
      task.input = (await redis.getBuffer(key('input', task.id))) ?? task.input;
    }),
  );
  return { kind: 'claimed', tasks: tasks.map(({ bytes: _size, ...task }) => task), more: more === 1 };
}

/** Claims the next batch. */
export async function claim(redis: Redis, request: ClaimRequest): Promise<ClaimOutcome> {
  return readClaim(redis, await script.run(redis, [encode(packClaim(request))]));
}
