/** Waits for a task to end, and checks from time to time why it has not. */

import { setTimeout as pause } from 'node:timers/promises';
import type { InferqClient } from '@inferq/client/index.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import type { Notes } from './notes.ts';
import { readableOutputs } from './outputs.ts';

/** Only the task itself says whether live workers serve it: no event reports that they come or go. */
const lookMs = 2_000;
/** Short, so that an unserved task is reported soon; a task that ends sooner is reported without a note. */
const firstLookMs = 250;

/** Resolves to the task when it ends, or as it stands after `waitMs`. */
export async function waitForEnd(
  client: InferqClient,
  taskId: string,
  waitMs: number,
  { notes, signal }: { notes: Notes; signal: AbortSignal },
): Promise<Task> {
  const limit = performance.now() + waitMs;
  for (let longest = firstLookMs; ; longest = lookMs) {
    const left = Math.max(0, limit - performance.now());
    const round = Math.round(Math.min(left, longest));
    const task = await client.getResult(taskId, { outputs: readableOutputs, signal, ...(round > 0 ? { waitMs: round } : {}) });
    notes.saw(task);
    if (isTerminal(task.state) || left <= longest) return task;
  }
}

/** Checks a watched task from time to time until `signal` fires, as long as `waits` says that it is waiting. */
export async function lookAfter(
  client: InferqClient,
  taskId: string,
  waits: () => boolean,
  { notes, signal }: { notes: Notes; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await pause(lookMs, undefined, { signal }).catch(() => {});
    if (signal.aborted || !waits()) continue;
    // The watch itself reports a broken connection.
    const task = await client.getResult(taskId, { outputs: { omit: true }, signal }).catch(() => undefined);
    if (task !== undefined && waits()) notes.saw(task);
  }
}
