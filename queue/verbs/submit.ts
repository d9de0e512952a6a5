/** submit: new tasks into the queue, many in one call. Large inputs go ahead as plain SETs and never pass through Lua. */

import { limits } from '@inferq/core/limits.ts';
import type { Redis } from 'ioredis';
import { asBuffer } from '../as-buffer.ts';
import { calls } from '../calls.ts';
import { key } from '../keys.ts';
import { isLarge, packTask, readOutcome } from '../new-task.ts';
import type { NewTask, QueueLimits, SubmitOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';

const script = new Script('submit.lua');
const unstageScript = new Script('unstage.lua');
const nothing = new Uint8Array(0);
const memoryFull: SubmitOutcome = { kind: 'full', what: 'memory' };
/** How often a large input that vanished between its SET and the script is sent again. */
const sends = 3;

/** Stages a large input; false where Redis is out of memory. */
async function stage(redis: Redis, task: NewTask): Promise<boolean> {
  try {
    // NX: sent again, it must not put a TTL back on an input that its task owns by now.
    await redis.set(key('payload', task.id), asBuffer(task.input), 'PX', limits.attemptOutputTtlMs, 'NX');
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

/**
 * Submits tasks; the outcomes are in their order. Safe to send again: ids make it idempotent. For those that are not `admitted`
 * memory has no room: they only get the answers that need none.
 */
export async function submit(
  redis: Redis,
  queueLimits: QueueLimits,
  tasks: readonly NewTask[],
  admitted: readonly boolean[],
): Promise<SubmitOutcome[]> {
  const outcomes: SubmitOutcome[] = new Array(tasks.length);
  const hand = async (positions: number[], bytesOf: (task: NewTask) => number, way: typeof create) => {
    for (const part of calls(positions, (at) => bytesOf(tasks[at] as NewTask))) {
      const answers = await way(
        redis,
        queueLimits,
        part.map((at) => tasks[at] as NewTask),
      );
      part.forEach((at, index) => {
        outcomes[at] = answers[index] as SubmitOutcome;
      });
    }
  };
  const positions = [...tasks.keys()];
  await hand(
    positions.filter((at) => admitted[at]),
    inlineBytes,
    create,
  );
  await hand(
    positions.filter((at) => !admitted[at]),
    () => 0,
    recognise,
  );
  return outcomes;
}

/** One call of the script. */
async function send(
  redis: Redis,
  { maxTasks, maxBytes, retainedBytes }: QueueLimits,
  tasks: readonly NewTask[],
  inputs: readonly Uint8Array[],
): Promise<(SubmitOutcome | 'missing')[]> {
  const metadata: Uint8Array[] = [];
  const lines = tasks.map((task) => packTask(task, metadata)).join('\n');
  const replies = (await script.run(redis, [`${maxTasks} ${maxBytes} ${retainedBytes}`, lines, ...inputs, ...metadata])) as unknown[];
  return tasks.map((task, index) => readOutcome(replies[index], task));
}

/** Makes tasks, as far as limits and memory let it. */
async function create(redis: Redis, queueLimits: QueueLimits, tasks: readonly NewTask[]): Promise<SubmitOutcome[]> {
  const outcomes = new Array<SubmitOutcome | 'missing'>(tasks.length).fill('missing');
  for (let sent = 0; sent < sends && outcomes.includes('missing'); sent++) {
    const open = tasks.map((task, index) => ({ task, index })).filter(({ index }) => outcomes[index] === 'missing');
    const large = open.filter(({ task }) => isLarge(task));
    const staged = large.map(async ({ task, index }) => ({ index, held: await stage(redis, task) }));
    const inputs = open.map(({ task }) => (isLarge(task) ? nothing : task.input));
    const call = send(
      redis,
      queueLimits,
      open.map(({ task }) => task),
      inputs,
    );
    try {
      const [answers, ...stages] = await Promise.all([call, ...staged]);
      open.forEach(({ index }, at) => {
        outcomes[index] = answers[at] as SubmitOutcome | 'missing';
      });
      for (const { index, held } of stages) if (!held && outcomes[index] === 'missing') outcomes[index] = memoryFull;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      for (const { index } of open) outcomes[index] = memoryFull;
      if (large.length > 0) {
        await unstageScript.run(
          redis,
          large.map(({ task }) => task.id),
        );
      }
    }
  }
  return outcomes.map((outcome) => {
    if (outcome === 'missing') throw new Error('a large input vanished before its task was made');
    return outcome;
  });
}

/** Finds what was submitted before and makes nothing: inputs and metadata stay here, and no queue has room. */
async function recognise(redis: Redis, queueLimits: QueueLimits, tasks: readonly NewTask[]): Promise<SubmitOutcome[]> {
  const bare = tasks.map(({ metadata: _metadata, ...task }) => task);
  try {
    const outcomes = await send(
      redis,
      { ...queueLimits, maxBytes: -1 },
      bare,
      bare.map(() => nothing),
    );
    return outcomes.map((outcome) => (outcome === 'missing' || outcome.kind === 'full' ? memoryFull : outcome));
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    return tasks.map(() => memoryFull);
  }
}
