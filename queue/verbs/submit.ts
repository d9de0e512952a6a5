/** submit: new tasks into the queue, many in one call. Large inputs go ahead as plain SETs and never pass through Lua. */

import { defaults, limits } from '@inferq/core/limits.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { asBuffer } from '../as-buffer.ts';
import { calls } from '../calls.ts';
import { key } from '../keys.ts';
import type { NewTask, QueueLimits, SubmitOutcome } from '../queue.ts';
import { type RecordField, recordFields } from '../record.ts';
import { Script } from '../scripts.ts';
import { readSnapshot, text } from '../snapshot.ts';

const script = new Script('submit.lua');
const nothing = new Uint8Array(0);
/** How often a large input that vanished between its SET and the script is sent again. */
const sends = 3;

function isLarge(task: NewTask): boolean {
  return task.input.length > limits.inlineBytes;
}

/** The record's fixed fields; those that have their default are left out. */
function fieldsOf(task: NewTask): (string | number)[] {
  const fields: (string | number)[] = [];
  const add = (name: RecordField, value: string | number | undefined, standard?: string | number) => {
    if (value !== undefined && value !== standard) fields.push(recordFields[name], value);
  };
  add('model', task.model);
  add('version', task.version);
  add('queue', task.queue);
  add('priority', task.priority, defaults.priority);
  add('rows', task.rows, 1);
  add('signature', task.signature, '');
  add('bytes', task.input.length);
  add('maxAttempts', task.maxAttempts, defaults.maxAttempts);
  add('hardLimit', task.hardLimitMs, defaults.hardLimitMs);
  add('softLimit', task.softLimitMs);
  add('resultTtl', task.resultTtlMs, defaults.resultTtlMs);
  if (task.ignoreResult) add('ignoreResult', '1');
  if (task.openVersion) add('openVersion', '1');
  if (task.contents) add('contents', '1');
  return fields;
}

/** An item as the script reads it; its metadata goes to the end of `metadata`. */
function pack(task: NewTask, metadata: Uint8Array[]): unknown[] {
  if (task.metadata) metadata.push(task.metadata);
  return [
    task.id,
    task.queue,
    `${task.queue}:${task.model}:${task.version}`,
    String(task.priority),
    task.rows,
    task.input.length,
    task.signature,
    task.idempotency?.key ?? '',
    task.idempotency?.digest ?? '',
    task.delayMs ?? -1,
    task.notBefore ?? -1,
    task.startWithinMs ?? -1,
    task.startDeadline ?? -1,
    task.watchBy ?? '',
    task.metadata ? metadata.length : 0,
    isLarge(task) ? 1 : 0,
    fieldsOf(task),
  ];
}

function readOutcome(reply: unknown, task: NewTask): SubmitOutcome | 'missing' {
  const [kind, value] = reply as [unknown, unknown];
  switch (text(kind)) {
    case 'accepted':
      return { kind: 'accepted', id: task.id, submittedAt: Number(text(value)) };
    case 'duplicate': {
      const snapshot = readSnapshot(value);
      if (!snapshot) throw new Error(`the task that holds the key of ${task.id} has no record`);
      return { kind: 'duplicate', snapshot };
    }
    case 'conflict':
      return { kind: 'conflict', id: text(value) };
    case 'full':
      return { kind: 'full', what: text(value) as 'tasks' | 'bytes' | 'results' | 'memory' };
    default:
      return 'missing';
  }
}

/** Stages a large input; false where Redis is out of memory. */
async function stage(redis: Redis, task: NewTask): Promise<boolean> {
  try {
    // NX: sent again, it must not put a TTL back on an input that its task owns by now.
    await redis.set(key('input', task.id), asBuffer(task.input), 'PX', limits.attemptOutputTtlMs, 'NX');
    return true;
  } catch (error) {
    if (isOutOfMemory(error)) return false;
    throw error;
  }
}

/** Whether Redis refused a write because its memory is full. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM\b/.test(error.message);
}

function inlineBytes(task: NewTask): number {
  return (isLarge(task) ? 0 : task.input.length) + (task.metadata?.length ?? 0);
}

/** Submits tasks; the outcomes are in their order. Safe to send again: ids make it idempotent. */
export async function submit(redis: Redis, queueLimits: QueueLimits, tasks: readonly NewTask[]): Promise<SubmitOutcome[]> {
  const outcomes: SubmitOutcome[] = [];
  for (const part of calls(tasks, inlineBytes)) outcomes.push(...(await submitPart(redis, queueLimits, part)));
  return outcomes;
}

async function submitPart(redis: Redis, queueLimits: QueueLimits, tasks: readonly NewTask[]): Promise<SubmitOutcome[]> {
  const outcomes = new Array<SubmitOutcome | 'missing'>(tasks.length).fill('missing');
  for (let send = 0; send < sends && outcomes.includes('missing'); send++) {
    const open = tasks.map((task, index) => ({ task, index })).filter(({ index }) => outcomes[index] === 'missing');
    const { maxTasks, maxBytes, retainedBytes } = queueLimits;
    const metadata: Uint8Array[] = [];
    const packed = encode([[maxTasks, maxBytes, retainedBytes], open.map(({ task }) => pack(task, metadata))]);
    const staged = open.filter(({ task }) => isLarge(task)).map(async ({ task, index }) => ({ index, held: await stage(redis, task) }));
    const inputs = open.map(({ task }) => (isLarge(task) ? nothing : task.input));
    try {
      const [replies, ...stages] = await Promise.all([script.run(redis, [packed, ...inputs, ...metadata]), ...staged]);
      open.forEach(({ task, index }, at) => {
        outcomes[index] = readOutcome((replies as unknown[])[at], task);
      });
      for (const { index, held } of stages) if (!held && outcomes[index] === 'missing') outcomes[index] = { kind: 'full', what: 'memory' };
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      for (const { index } of open) outcomes[index] = { kind: 'full', what: 'memory' };
    }
  }
  return outcomes.map((outcome) => {
    if (outcome === 'missing') throw new Error('a large input vanished before its task was made');
    return outcome;
  });
}
