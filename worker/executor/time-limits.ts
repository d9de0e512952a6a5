/** Which runs have passed their limits, and which handler calls are beyond hope. Pure: looks at the ledger, changes nothing. */

import type { Held } from './ledger.ts';

export interface Overdue {
  /** Their signal is to fire. */
  soft: Held[];
  /** Past the hard limit in company: it proves nothing against them. */
  shared: Held[];
  /** Past the hard limit, and the engine had nothing else. */
  alone: Held[];
}

/**
 * Sorts out what is past its limits at `now`. Company is whatever else the engine still has, lost and given-back attempts
 * included: the last one to pass the limit of a shared call is no more proven guilty than the first. Other models count,
 * because a call of theirs holds the same thread.
 */
export function overdueAt(entries: readonly Held[], now: number): Overdue {
  const inEngine = entries.filter((held) => held.inEngine);
  const running = inEngine.filter((held) => held.fate === 'live');
  const hard = running.filter((held) => pastHardLimit(held, now));
  const soft = running.filter(
    (held) =>
      !hard.includes(held) && !held.softFired && held.task.softLimitMs !== undefined && now - held.startedAt >= held.task.softLimitMs,
  );
  return inEngine.length > 1 ? { soft, shared: hard, alone: [] } : { soft, shared: [], alone: hard };
}

/** Whether the engine still has something that it should long be done with, ours or not. */
export function anyOverstays(entries: readonly Held[], now: number): boolean {
  return entries.some((held) => held.inEngine && pastHardLimit(held, now));
}

function pastHardLimit(held: Held, now: number): boolean {
  return now - held.startedAt >= held.task.hardLimitMs;
}

/**
 * The model of a call that goes on though nothing in it is ours any more: its signals fired more than `graceMs` ago and it
 * did not return. Only ending the executor ends it.
 */
export function stuckModel(entries: readonly Held[], now: number, graceMs: number): string | undefined {
  const lastLeft = new Map<string, number>();
  for (const held of entries) {
    if (!held.inEngine) continue;
    const left = held.fate === 'live' ? Number.POSITIVE_INFINITY : held.leftAt;
    lastLeft.set(held.model, Math.max(left, lastLeft.get(held.model) ?? 0));
  }
  for (const [model, left] of lastLeft) if (now - left >= graceMs) return model;
  return undefined;
}
