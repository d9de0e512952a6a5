/** What is said of an id that names no task. */

import { shown } from '@inferq/core/names.ts';
import { type Refusal, refused } from '@inferq/core/refusal.ts';
import { parseTaskId, taskIdRule } from '@inferq/core/task-id.ts';

/** Refuses text that cannot be a task's id, so that it becomes part of no key. Undefined for one that can. */
export function refuseMalformedId(id: string): Refusal | undefined {
  if (id === '') {
    const violations = [{ field: 'task_id', description: 'is missing: use the id that Submit returned' }];
    return refused('INVALID_REQUEST', 'task_id is missing: use the id that Submit returned', { violations }).refusal;
  }
  return parseTaskId(id) === undefined ? refused('TASK_NOT_FOUND', malformedId(id)).refusal : undefined;
}

/** The sentence for text that is not an id. */
export function malformedId(id: string): string {
  const meant = id.trim().toLowerCase();
  const hint = meant !== id && parseTaskId(meant) !== undefined ? ` Did you mean "${meant}"?` : '';
  return `"${shown(id)}" is not a task id: an id has ${taskIdRule}.${hint}`;
}

/** The sentence for an id without a record. Whether there ever was one cannot be told from the id. */
export function unknownId(id: string): string {
  return `Task ${id} is unknown or has expired: a task is deleted when its result_ttl after its end is over`;
}

/** The refusal for an id without a record. */
export function refuseUnknown(id: string): Refusal {
  return refused('TASK_NOT_FOUND', unknownId(id)).refusal;
}

/** The refusal for a task whose record was there during this call and is gone. */
export function refuseExpired(id: string): Refusal {
  return refused('RESULT_EXPIRED', `Task ${id} was deleted in the meantime: its result_ttl after its end is over`).refusal;
}

/** The refusal for a watch that would have to skip chunks. */
export function historyGone(id: string): Refusal {
  const fix = 'watch again with after_sequence 0, or read the result';
  return refused('HISTORY_GONE', `The events of task ${id} after this point are no longer kept: ${fix}`).refusal;
}
