/** Which runs have passed their limits, and which handler calls are beyond hope. Pure: looks at the ledger, changes nothing. */

import type { Held } from './ledger.ts';

export interface Overdue {
  /** Their signal is to fire. */
  soft: Held[];
  /** Past the hard limit in company: it proves nothing against them. */
  shared: Held[];
  /** Past the hard limit, and nothing else was in the call. */
  alone: Held[];
}

/**
 * Sorts out what is past its limits at `now`. Company is whatever the engine still has of the same model, lost and given-back
 * attempts included: the last one to pass the limit of a shared call is no more proven guilty than the first.
 */
export function overdueAt(entries: readonly Held[], now: number): Overdue {
  const inCall = new Map<string, number>();
  for (const held of entries) if (held.inEngine) inCall.set(held.model, (inCall.get(held.model) ?? 0) + 1);
  const running = entries.filter((held) => held.inEngine && held.fate === 'live');
  const hard = running.filter((held) => now - held.startedAt >= held.task.hardLimitMs);
  const soft = running.filter(
    (held) =>
      !hard.includes(held) && !held.softFired && held.task.softLimitMs !== undefined && now - held.startedAt >= held.task.softLimitMs,
  );
  const company = (held: Held) => (inCall.get(held.model) ?? 1) > 1;
  return { soft, shared: hard.filter(company), alone: hard.filter((held) => !company(held)) };
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
