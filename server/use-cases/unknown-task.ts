/** What is said of an id that names no task. */

import { shown } from '@inferq/core/names.ts';
import { type Refusal, refused } from '@inferq/core/refusal.ts';
import { parseTaskId } from '@inferq/core/task-id.ts';

/** Refuses text that can never have been a task's id, so that it reaches no key. Undefined for one that may. */
export function refuseMalformedId(id: string): Refusal | undefined {
  if (id === '') {
    const violations = [{ field: 'task_id', description: 'is missing: give the id that Submit answered' }];
    return refused('INVALID_REQUEST', 'task_id is missing: give the id that Submit answered', { violations }).refusal;
  }
  return parseTaskId(id) === undefined ? unknown(id) : undefined;
}

/** The refusal for an id without a record: one of the past had a result, which has expired. `now` is epoch milliseconds. */
export function refuseWithoutRecord(id: string, now: number): Refusal {
  const parsed = parseTaskId(id);
  if (parsed === undefined || parsed.time > now) return unknown(id);
  return refused('RESULT_EXPIRED', `The result of task ${id} has expired: results are kept for the task's result_ttl after its end`)
    .refusal;
}

/** The refusal for a watch that would have to skip chunks. */
export function historyGone(id: string): Refusal {
  const mend = 'watch again with after_sequence 0, or read the result';
  return refused('HISTORY_GONE', `The events of task ${id} after this point are no longer kept: ${mend}`).refusal;
}

function unknown(id: string): Refusal {
  return refused('TASK_NOT_FOUND', `No task has the id "${shown(id)}"`).refusal;
}
