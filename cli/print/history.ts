/** What led to a task's state, beyond the one line that says it: earlier attempts, the error's detail, metadata. */

import type { Execution, Task, TaskError } from '@inferq/client/wire/task.ts';
import { oneLine, plainText } from '@inferq/core/plain-text.ts';
import { executionNote } from './task.ts';
import { shownTime } from './time.ts';

/** Indented lines, none where there is nothing more to say. */
export function historyLines(task: Task): string[] {
  const { earlierExecutions, error, metadata } = task;
  const told = new Set(error ? [error.detail] : []);
  const lines = earlierExecutions.flatMap((execution) => [attemptLine(execution), ...detailLines(execution.error, told, '    ')]);
  const details = error ? detailLines(error, new Set(), '  ') : [];
  const values = Object.entries(metadata).map(([name, value]) => `  metadata ${oneLine(name)} = ${oneLine(value)}`);
  return [...lines, ...details, ...values];
}

function attemptLine(execution: Execution): string {
  const { attempt, endTime, error } = execution;
  const end = error ? `${error.code}: ${error.message}` : 'given back';
  return `  attempt ${attempt}  ${shownTime(endTime)}  ${oneLine(`${executionNote(execution)}, ${end}`)}`;
}

/** A stack or a log, unless it was told already. */
function detailLines(error: TaskError | undefined, told: Set<string>, indent: string): string[] {
  if (error === undefined || error.detail === '' || told.has(error.detail)) return [];
  told.add(error.detail);
  return plainText(error.detail)
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`);
}
