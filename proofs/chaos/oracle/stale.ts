/** Results that were not accepted: made by attempts that had lost their task, or lost with their executor. */

import type { Task } from '@inferq/client/index.ts';
import type { Entry } from './entry.ts';
import type { Run } from './journal.ts';

export interface Discarded {
  /** Answered after the attempt had been taken away: had it been accepted, there would be two results. */
  stale: number;
  /** Answered in time, and never settled. */
  unsettled: number;
}

export function discarded(records: ReadonlyMap<Entry, Task>, runs: ReadonlyMap<number, Run[]>): Discarded {
  const count = { stale: 0, unsettled: 0 };
  for (const [entry, task] of records) {
    for (const run of runs.get(entry.planned.tag) ?? []) {
      const accepted = entry.end?.state === 'SUCCEEDED' && entry.end.nonce === run.nonce;
      if (run.answeredAt === undefined || accepted) continue;
      const execution = task.earlierExecutions.find(({ attempt }) => attempt === run.attempt);
      const over = execution?.endTime ?? task.endTime;
      if (over && run.answeredAt > over.getTime()) count.stale++;
      else count.unsettled++;
    }
  }
  return count;
}
