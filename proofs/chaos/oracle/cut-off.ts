/** Whether a prediction may have been cancelled because its client was away: a server lets go of a task 2 s after its call broke. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, systemClock } from '@inferq/client/clock.ts';
import type { Task } from '@inferq/client/index.ts';
import { limits } from '@inferq/core/limits.ts';
import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { firstSince } from './recovery.ts';

/** From the moment when a prediction's call broke until its client tried again. */
export interface Gap {
  from: number;
  to: number;
}

/** How much later than it happened something may be noticed, by processes that share few cores. */
const blurMs = 700;

const predicting = new AsyncLocalStorage<Entry>();

/** A clock for clients: they tell nobody that a call broke, but they wait before they try again. */
export const notingClock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    const gap = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    predicting.getStore()?.gaps.push(gap);
    await systemClock.sleep(ms, signal);
    gap.to = Date.now();
  },
};

/** Runs `predict`, whose calls are those of this entry. */
export function notingGaps<T>(entry: Entry, predict: () => Promise<T>): Promise<T> {
  return predicting.run(entry, predict);
}

/**
 * When the client may have held the task by no call: from each break until something answered it that it asked, or was told,
 * after it had tried again. `heard`: when it heard something of the broker, rising.
 */
function absences(gaps: readonly Gap[], heard: readonly number[]): Gap[] {
  return gaps.map(({ from }, index) => {
    for (let last = index; ; last++) {
      const to = firstSince(heard, gaps[last]?.to ?? 0) ?? Number.POSITIVE_INFINITY;
      const next = gaps[last + 1];
      if (!next || to < next.from) return { from, to };
    }
  });
}

/** Holds against the broker that a prediction was cancelled, unless its client was away for longer than the grace time just then. */
export function judgeCutOff(ledger: Ledger, client: number, entry: Entry, task: Task): void {
  if (task.state !== 'CANCELLED' || entry.planned.patienceMs !== undefined) return;
  const endedAt = task.endTime?.getTime() ?? Date.now();
  // One that ran was asked to stop at some time before its end.
  const askedFrom = task.execution?.startTime?.getTime() ?? endedAt;
  const away = absences(entry.gaps, ledger.heardAt[client] ?? []);
  const inTime = away.some(({ from, to }) => endedAt >= from + limits.unboundGraceMs - blurMs && askedFrom <= to + blurMs);
  const [first] = entry.gaps;
  if (inTime || (first && ledger.lostSomething(first.from, endedAt))) return;
  const told = away.map(({ from, to }) => `${from - endedAt} to ${to - endedAt}`).join(', ');
  ledger.violate(`it was cut off, though its client was ${told ? `away only from ${told} ms about its end` : 'never away'}`, entry);
}
