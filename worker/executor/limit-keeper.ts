/** Watches the limits of everything that runs, and what it keeps waiting, with one timer for all. */

import type { Attempts } from './attempts.ts';
import type { Batches } from './batches.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import type { Pulse } from './pulse.ts';
import { anyOverstays, overdueAt, stuckModel } from './time-limits.ts';

const sweepMs = 50;
/** How long a call may go on after the last of its tasks was given up: time for a handler that listens to its signals. */
const stuckGraceMs = 500;
/** How long the inference thread may leave a ping unanswered, where something in it is past its hard limit. */
const silenceMs = 1_000;

/** Starts watching. `onStuck` hears what does not end, as a sentence, where only ending the executor helps. The returned function stops it. */
export function keepLimits(
  ledger: Ledger,
  attempts: Attempts,
  batches: Batches,
  clock: Clock,
  pulse: Pulse,
  onStuck: (what: string) => void,
): () => void {
  let takeBack = () => {};

  function sweep(): void {
    const now = clock.now();
    const { soft, shared, alone } = overdueAt(ledger.entries(), now);
    for (const held of soft) attempts.softLimit(held);
    for (const held of shared) attempts.release(held, true);
    for (const held of alone) attempts.hardLimit(held);
    for (const held of batches.stalled(now)) attempts.release(held, held.task.solo);
    const model = stuckModel(ledger.entries(), now, stuckGraceMs) ?? batches.overstayed(now);
    if (model !== undefined) onStuck(`a run of ${model} does not end`);
    else if (blocked(now)) onStuck('a call that does not end blocks the inference thread');
    again();
  }

  /** Whether others are caught in a call with something past its hard limit, and nobody can tell for how long. */
  function blocked(now: number): boolean {
    if (!anyOverstays(ledger.entries(), now)) return false;
    pulse.feel(now);
    return pulse.missingMs(now) >= silenceMs && !batches.onSchedule(now);
  }

  function again(): void {
    takeBack = clock.after(sweepMs, sweep);
  }
  again();
  return () => takeBack();
}
