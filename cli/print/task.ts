/** A task for people. */

import type { TaskInput } from '@inferq/client/wire/input.ts';
import type { Classification, Execution, Task } from '@inferq/client/wire/task.ts';
import { oneLine, printableJson } from '@inferq/core/plain-text.ts';
import type { Colours } from './colours.ts';
import { shownSpan } from './span.ts';
import { tensorLine } from './tensor.ts';
import { shownTime } from './time.ts';

/** The state's word, coloured by how it went. */
export function shownState(task: Task, colours: Colours): string {
  const word = task.state.toLowerCase();
  switch (task.state) {
    case 'SUCCEEDED':
      return colours.green(word);
    case 'FAILED':
    case 'EXPIRED':
      return colours.red(word);
    case 'CANCELLED':
      return colours.yellow(word);
    default:
      return colours.cyan(word);
  }
}

/** What there is to say of a task in its state: who runs it, how long it took, why it failed. */
export function stateNote(task: Task): string {
  const notes: string[] = [];
  const { execution, error } = task;
  const waits = task.state === 'SCHEDULED' || task.state === 'QUEUED';
  const failure = task.earlierExecutions.at(-1)?.error;
  if (task.state === 'SCHEDULED' && task.notBefore) notes.push(`until ${shownTime(task.notBefore)}`);
  if (task.state === 'QUEUED') notes.push(`in ${task.queue}`);
  if (task.unserved) notes.push(task.unservedReason);
  if (task.state === 'RUNNING' || task.attempt > 1) notes.push(`attempt ${task.attempt}`);
  if (execution) notes.push(executionNote(execution));
  if (failure && waits) notes.push(`after ${failure.code}: ${failure.message}`);
  if (task.cancelRequested && task.state !== 'CANCELLED') notes.push('cancel requested');
  if (task.partial) notes.push('partial output');
  if (error) notes.push(`${error.code}: ${error.message}`);
  if (task.redrivenTo) notes.push(`redriven to ${task.redrivenTo}`);
  return oneLine(notes.join(', '));
}

/** Who runs or ran it, and for how long. */
export function executionNote(execution: Execution): string {
  if (!execution.endTime) return `on ${execution.device} of ${execution.worker}`;
  const batch = execution.batchTasks > 1 ? ` in a batch of ${execution.batchTasks}` : '';
  return `waited ${shownSpan(execution.queuedMs)}, ran ${shownSpan(execution.ranMs)}${batch} on ${execution.device} of ${execution.worker}`;
}

/** One line: id, state and note. */
export function taskLine(task: Task, colours: Colours): string {
  const note = stateNote(task);
  return `${task.id}  ${shownState(task, colours)}${note === '' ? '' : `  ${note}`}`;
}

/** What a task put out: its classes, else its outputs; a line each. */
export function answerLines(task: Task, colours: Colours): string[] {
  if (task.classifications.length > 0)
    return task.classifications.flatMap((classes, row) => classLines(classes, row, task.classifications.length, colours));
  if (task.raw.outputs.length === 0) return [];
  return Object.entries(task.outputs).map(([name, tensor]) => tensorLine(name, tensor));
}

/** What a task was submitted with: a line for each input, then one for each parameter. */
export function inputLines({ inputs, parameters }: TaskInput): string[] {
  const tensors = Object.entries(inputs).map(([name, tensor]) => tensorLine(name, tensor));
  return [
    ...tensors,
    ...Object.entries(parameters).map(([name, value]) => `${oneLine(name)} = ${typeof value === 'string' ? printableJson(value) : value}`),
  ];
}

function classLines(classes: readonly Classification[], row: number, rows: number, colours: Colours): string[] {
  const [best, ...others] = classes.map(({ index, label, score }) => `${label === '' ? index : oneLine(label)}  score ${score.toFixed(4)}`);
  if (best === undefined) return [];
  const lead = rows > 1 ? `row ${row}: class ` : 'class ';
  const rest = others.map((line) => `${' '.repeat(lead.length)}${line}`);
  return [`${lead}${colours.bold(best)}`, ...rest];
}
