/** A new task as the submit script reads it, and what the script answers. */

import { defaults, limits } from '@inferq/core/limits.ts';
import type { NewTask, SubmitOutcome } from './queue.ts';
import { type RecordField, recordFields } from './record.ts';
import { readSnapshot, text } from './snapshot.ts';

/** Whether an input goes ahead as a plain SET, because it is too large for a script. */
export function isLarge(task: NewTask): boolean {
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
export function packTask(task: NewTask, metadata: Uint8Array[]): unknown[] {
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
    task.boundTo ?? '',
  ];
}

/** The script's answer for one task; `missing`: its large input was not there. */
export function readOutcome(reply: unknown, task: NewTask): SubmitOutcome | 'missing' {
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
