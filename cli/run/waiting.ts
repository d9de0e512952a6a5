/** Waits for a task's end, and looks every now and then why it does not come. */

import { setTimeout as pause } from 'node:timers/promises';
import type { InferqClient } from '@inferq/client/index.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import type { Notes } from './notes.ts';
import { readableOutputs } from './outputs.ts';

/** Whether live workers serve a task is told with the task alone: no event says that they come or go. */
const lookMs = 2_000;
/** A task that is not served is told of at once, and one that ends at once without a word. */
const firstLookMs = 250;

/** The task at its end, or as it stands after `waitMs`. */
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

/** Looks after a watched task until `signal` fires, while `waits` says that it waits. */
export async function lookAfter(
  client: InferqClient,
  taskId: string,
  waits: () => boolean,
  { notes, signal }: { notes: Notes; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await pause(lookMs, undefined, { signal }).catch(() => {});
    if (signal.aborted || !waits()) continue;
    // What is wrong with the connection is told by the watch itself.
    const task = await client.getResult(taskId, { outputs: { omit: true }, signal }).catch(() => undefined);
    if (task !== undefined && waits()) notes.saw(task);
  }
}
