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
  const flags = (task.ignoreResult ? 'i' : '') + (task.openVersion ? 'o' : '') + (task.contents ? 'c' : '');
  const { priority, rows, input, maxAttempts, resultTtlMs, hardLimitMs, softLimitMs } = task;
  return `${priority} ${rows} ${input.length} ${maxAttempts} ${resultTtlMs} ${hardLimitMs} ${softLimitMs ?? '-'} ${flags || '-'}`;
}

/** An item as the script reads it; its metadata goes to the end of `metadata`. */
export function packTask(task: NewTask, metadata: Uint8Array[]): unknown[] {
  if (task.metadata) metadata.push(task.metadata);
  return [
    task.id,
    task.queue,
    task.model,
    task.version,
    task.signature,
    factsOf(task),
    String(task.priority),
    String(task.rows),
    task.input.length,
    task.idempotency?.key ?? '',
    task.idempotency?.digest ?? '',
    task.delayMs ?? -1,
    task.notBefore ?? -1,
    task.startWithinMs ?? -1,
    task.startDeadline ?? -1,
    task.watchBy ?? '',
    task.boundTo ?? '',
    task.metadata ? metadata.length : 0,
    isLarge(task) ? 1 : 0,
  ];
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
