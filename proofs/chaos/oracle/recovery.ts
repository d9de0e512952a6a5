/** How long it took until what a fault had hurt went on. */

import type { Execution, Task } from '@inferq/client/index.ts';
import type { Struck } from '../faults/schedule.ts';
import type { Entry } from './entry.ts';
import type { Run } from './journal.ts';

/** Milliseconds by kind of fault. */
export type Recoveries = Map<string, number[]>;

interface Facts {
  records: ReadonlyMap<Entry, Task>;
  runs: ReadonlyMap<number, Run[]>;
  heardAt: readonly number[][];
}

const interruptions = ['EXECUTOR_CRASHED', 'WORKER_LOST'];

/** The smallest of rising `times` from `since` on. */
export function firstSince(times: readonly number[], since: number): number | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < since) low = middle + 1;
    else high = middle;
  }
  return times[low];
}

export function recoveries(struck: readonly Struck[], facts: Facts): Recoveries {
  const found: Recoveries = new Map();
  const add = (name: string, ms: number) => found.set(name, [...(found.get(name) ?? []), ms]);
  const ends = [...facts.records.values()].flatMap(({ endTime }) => endTime?.getTime() ?? []).sort((one, other) => one - other);
  for (const { name, hurt, since } of struck) {
    if (hurt.kind === 'executors') continue;
    const times = hurt.kind === 'all' ? [ends] : hurt.clients.map((client) => facts.heardAt[client] ?? []);
    for (const list of times) {
      const next = firstSince(list, since);
      if (next !== undefined) add(name, next - since);
    }
  }
  for (const [entry, task] of facts.records) {
    for (const { pid, endedAt, again } of interrupted(task, facts.runs.get(entry.planned.tag) ?? [])) {
      const fault = struck.findLast(({ hurt, since }) => hurt.kind === 'executors' && hurt.pids.includes(pid) && since <= endedAt);
      add(fault?.name ?? 'task ended its executor', again - (fault?.since ?? endedAt));
    }
  }
  return found;
}

/** Executions that ended with their executor, and when the task ran again. */
function interrupted(task: Task, runs: readonly Run[]): { pid: number; endedAt: number; again: number }[] {
  const all: Execution[] = [...task.earlierExecutions, ...(task.execution ? [task.execution] : [])];
  return task.earlierExecutions.flatMap((execution) => {
    const next = all.find(({ attempt }) => attempt > execution.attempt);
    const run = runs.find(({ attempt }) => attempt === execution.attempt);
    if (!interruptions.includes(execution.error?.code ?? '') || !next?.startTime || !execution.endTime || !run) return [];
    return [{ pid: run.pid, endedAt: execution.endTime.getTime(), again: next.startTime.getTime() }];
  });
}
