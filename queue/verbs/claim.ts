/** claim: the next batch for an executor. Small inputs come with it, large ones are read after. */

import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { key } from '../keys.ts';
import type { ClaimedBatch, ClaimedTask, ClaimOutcome, ClaimRequest, PoolName } from '../queue.ts';
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
    request.handOvers?.welcome ? 1 : 0,
    request.handOvers?.seen ?? false,
  ];
}

/** The values of a task's line, in the order in which lua/lib/claim.lua writes them. */
const lineNames = ['id', 'token', 'attempt', 'charged', 'cancelRequested', ...facts, ...times, ...run] as const;

function readTask(line: string, rank: string, pool: PoolName, signature: string, input: Uint8Array): { task: ClaimedTask; bytes: number } {
  const fields: TaskFields & { id?: string } = {};
  unpackInto(fields, lineNames as readonly (keyof TaskFields)[], line.split(' '));
  const { id = '', token = '', flags = '', softLimit, startDeadline } = fields;
  const task = {
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
  };
  return { task, bytes: Number(fields.bytes) };
}

/** A batch as lua/lib/claim.lua answers it, and the tasks whose inputs it left out. */
export function readBatch(reply: readonly unknown[]): { batch: ClaimedBatch; lacking: string[] } {
  const [, name, rank, signature, list, more] = reply as [unknown, unknown, unknown, unknown, unknown[], unknown];
  const [queue = '', model = '', version = ''] = text(name).split(':');
  const shared = [text(rank), { queue, model, version }, text(signature)] as const;
  const tasks: ClaimedTask[] = [];
  const lacking: string[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const { task, bytes } = readTask(text(list[at]), ...shared, list[at + 1] as Uint8Array);
    tasks.push(task);
    if (bytes > 0 && task.input.length === 0) lacking.push(task.id);
  }
  return { batch: { tasks, more: more === 1 }, lacking };
}

/** As `ExecutionQueue.withInputs`. */
export async function withInputs(redis: Redis, tasks: readonly ClaimedTask[], lacking: readonly string[]): Promise<ClaimedTask[]> {
  const late = new Map(lacking.map((id) => [id, redis.getBuffer(key('payload', id))]));
  return Promise.all(tasks.map(async (task) => ({ ...task, input: (await late.get(task.id)) ?? task.input })));
}

/** Reads a claim's reply, and the large inputs that it left out. */
export async function readClaim(redis: Redis, reply: unknown): Promise<ClaimOutcome> {
  const values = reply as unknown[];
  const kind = text(values[0]);
  if (kind !== 'claimed') return { kind: kind as 'empty' | 'handed' | 'unregistered' };
  const { batch, lacking } = readBatch(values);
  return { kind, ...batch, tasks: lacking.length > 0 ? await withInputs(redis, batch.tasks, lacking) : batch.tasks };
}

/** Claims the next batch. */
export async function claim(redis: Redis, request: ClaimRequest): Promise<ClaimOutcome> {
  return readClaim(redis, await script.run(redis, [encode(packClaim(request))]));
}
