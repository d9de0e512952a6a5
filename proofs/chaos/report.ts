/** What a run prints in the end. */

import { type Column, table } from '@inferq/cli/print/table.ts';
import type { Task } from '@inferq/client/index.ts';
import type { Struck } from './faults/schedule.ts';
import { type Entry, nameOf } from './oracle/entry.ts';
import type { Violation } from './oracle/ledger.ts';
import type { Recoveries } from './oracle/recovery.ts';

const mostViolations = 30;
const mostWatchText = 600;

function right(title: string): Column {
  return { title, align: 'right' };
}

function percentile(sorted: readonly number[], part: number): string {
  return String(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? '');
}

/** How tasks ended, by what they did to their executor. */
export function outcomeTable(entries: readonly Entry[]): string {
  const counts = new Map<string, number>();
  for (const { planned, end, taskId } of entries) {
    const how = end ? nameOf(end) : taskId === undefined ? 'never acknowledged' : 'no end';
    const row = `${planned.act}\t${how}`;
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const rows = [...counts].sort().map(([row, count]) => [...row.split('\t'), count.toLocaleString('en')]);
  return table([{ title: 'tasks that' }, { title: 'ended' }, right('count')], rows, 'no tasks');
}

/** Faults and how long what they hurt took to go on. */
export function faultTable(struck: readonly Struck[], recovered: Recoveries): string {
  const names = [...new Set([...struck.map(({ name }) => name), ...recovered.keys()])].sort();
  const rows = names.map((name) => {
    const times = [...(recovered.get(name) ?? [])].sort((one, other) => one - other);
    const count = struck.filter((one) => one.name === name).length;
    return [name, String(count), String(times.length), percentile(times, 0.5), percentile(times, 0.99), String(times.at(-1) ?? '')];
  });
  const columns = [{ title: 'fault' }, right('struck'), right('recoveries'), right('p50 ms'), right('p99 ms'), right('max ms')];
  return table(columns, rows, 'no faults');
}

/** What is wrong, task by task, with all that is known of each. */
export function violationText(violations: readonly Violation[], records: ReadonlyMap<Entry, Task>): string {
  const shown = violations.slice(0, mostViolations).map(({ sentence, entry }) => {
    if (!entry) return sentence;
    return [
      `task ${entry.taskId} (${entry.planned.tag}, ${entry.planned.act}, ${entry.planned.way}): ${sentence}`,
      ...history(entry, records),
    ].join('\n    ');
  });
  const more = violations.length > mostViolations ? [`and ${violations.length - mostViolations} more`] : [];
  return [...shown, ...more].map((text) => `  ${text}`).join('\n');
}

function history(entry: Entry, records: ReadonlyMap<Entry, Task>): string[] {
  const task = records.get(entry);
  const time = (date: Date | undefined) => date?.toISOString().slice(11, 23) ?? '?';
  const executions = task ? [...task.earlierExecutions, ...(task.execution ? [task.execution] : [])] : [];
  return [
    `acknowledged ${time(entry.acknowledgedAt === undefined ? undefined : new Date(entry.acknowledgedAt))}, told of its end ${entry.told} times`,
    ...(task ? [`now ${task.state}, sequence ${task.sequence}, ${task.chargedAttempts} of ${task.maxAttempts} attempts charged`] : []),
    ...executions.map(
      ({ attempt, executor, startTime, endTime, error }) =>
        `attempt ${attempt} on ${executor} from ${time(startTime)} to ${time(endTime)}${error ? `: ${error.code} ${error.message}` : ''}`,
    ),
    ...entry.watches.map((text) => (text.length > mostWatchText ? `${text.slice(0, mostWatchText)} ...` : text)),
  ];
}
