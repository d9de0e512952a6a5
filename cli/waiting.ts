/** Reads a task, waiting for its end where that is asked, and prints it. */

import type { InferqClient } from '@inferq/client/index.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import { limits } from '@inferq/core/limits.ts';
import { plainText } from '@inferq/core/plain-text.ts';
import { printJson } from './commands/json.ts';
import { answerLines, taskLine } from './print/task.ts';
import { onlyText } from './print/tensor.ts';
import { exitCodeOf, readableOutputs } from './watching.ts';

/** The task at its end, or as it stands after `waitMs`. */
export async function waitForEnd(client: InferqClient, taskId: string, waitMs: number): Promise<Task> {
  const limit = performance.now() + waitMs;
  for (;;) {
    const left = Math.max(0, limit - performance.now());
    const round = Math.min(left, limits.waitMs);
    const task = await client.getResult(taskId, { outputs: readableOutputs, ...(round > 0 ? { waitMs: Math.round(round) } : {}) });
    if (isTerminal(task.state) || left <= round) return task;
  }
}

/** Prints a task: its state on standard error, its answer on standard output. Gives the exit code. */
export function printTask(task: Task, json: boolean | undefined): number {
  if (json) {
    printJson(task);
    return exitCodeOf(task);
  }
  process.stderr.write(`${taskLine(task)}\n`);
  const text = task.raw.outputs.length === 0 ? undefined : onlyText(task.outputs);
  const lines = text === undefined ? answerLines(task) : [process.stdout.isTTY ? plainText(text) : text];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return exitCodeOf(task);
}
