/** What a command that reads a task prints of it, and ends with. */

import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import { plainText } from '@inferq/core/plain-text.ts';
import { printJson } from '../commands/json.ts';
import { exitCodes } from '../failure.ts';
import { errColours, outColours } from '../print/colours.ts';
import { historyLines } from '../print/history.ts';
import { answerLines, taskLine } from '../print/task.ts';
import { onlyText } from '../print/tensor.ts';

/** Prints a task: its state and what led to it on standard error, its answer on standard output. Gives the exit code. */
export function printTask(task: Task, json: boolean | undefined): number {
  if (json) {
    printJson(task);
    return exitCodeOf(task);
  }
  process.stderr.write([taskLine(task, errColours), ...historyLines(task)].map((line) => `${line}\n`).join(''));
  const text = task.raw.outputs.length === 0 ? undefined : onlyText(task.outputs);
  const lines = text === undefined ? answerLines(task, outColours) : [process.stdout.isTTY ? plainText(text) : text];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return exitCodeOf(task);
}

/** After a wait that ran out: how to wait on. */
export function printComeBack(task: Task, comeBack: string): void {
  if (!isTerminal(task.state)) process.stderr.write(`The task continues. Come back to it with: ${comeBack}\n`);
}

/** 0 only for a task that succeeded. */
export function exitCodeOf(task: Task): number {
  return task.state === 'SUCCEEDED' ? exitCodes.succeeded : exitCodes.failed;
}
