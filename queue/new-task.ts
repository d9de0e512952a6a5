/** A new task as the submit script reads it, and what the script answers. */

import { limits } from '@inferq/core/limits.ts';
import type { NewTask, SubmitOutcome } from './queue.ts';
import { readSnapshot, text } from './snapshot.ts';

/** Whether an input goes ahead as a plain SET, because it is too large for a script. */
export function isLarge(task: NewTask): boolean {
  return task.input.length > limits.inlineBytes;
}

/** What never changes of a task, in the order of `facts`. */
function factsOf(task: NewTask): string {
  const flags = (task.ignoreResult ? 'i' : '') + (task.openVersion ? 'o' : '') + (task.contents ? 'c' : '') + (task.keepInput ? 'k' : '');
  const { priority, rows, input, maxAttempts, resultTtlMs, hardLimitMs, softLimitMs } = task;
  return `${priority} ${rows} ${input.length} ${maxAttempts} ${resultTtlMs} ${hardLimitMs} ${softLimitMs ?? '-'} ${flags || '-'}`;
}

/**
 * An item as the script reads it: values in one line, '-' for none, the signature last, because it may have spaces. Its metadata
 * goes to the end of `metadata`.
 */
export function packTask(task: NewTask, metadata: Uint8Array[]): string {
  if (task.metadata) metadata.push(task.metadata);
  const { id, queue, model, version, idempotency, delayMs, notBefore, startWithinMs, startDeadline, watchBy, endOnly, boundTo } = task;
  const place = `${id} ${queue} ${model} ${version} ${factsOf(task)}`;
  const once = idempotency ? `${idempotency.key} ${idempotency.digest}` : '- -';
  const start = `${delayMs ?? '-'} ${notBefore ?? '-'} ${startWithinMs ?? '-'} ${startDeadline ?? '-'}`;
  const watch = `${watchBy === undefined ? '-' : `${endOnly ? '.' : ''}${watchBy}`} ${boundTo ?? '-'}`;
  return `${place} ${once} ${start} ${watch} ${task.metadata ? metadata.length : '-'} ${isLarge(task) ? 1 : '-'} ${task.signature}`;
}

/** The script's answer for one task; `missing`: its large input was not there. */
export function readOutcome(reply: unknown, task: NewTask): SubmitOutcome | 'missing' {
  if (!Array.isArray(reply)) return { kind: 'accepted', id: task.id, submittedAt: Number(text(reply)) };
  const [kind, value] = reply as [unknown, unknown];
  switch (text(kind)) {
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
