/** Watches the limits of everything that runs, and what it keeps waiting, with one timer for all. */

import type { Attempts } from './attempts.ts';
import type { Batches } from './batches.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import { overdueAt, stuckModel } from './time-limits.ts';

const sweepMs = 50;
/** How long a call may go on after the last of its tasks was given up: time for a handler that listens to its signals. */
const stuckGraceMs = 500;

/** Starts watching. `onStuck` hears of a model whose call holds no task of ours and does not end. The returned function stops it. */
export function keepLimits(
  ledger: Ledger,
  attempts: Attempts,
  batches: Batches,
  clock: Clock,
  onStuck: (model: string) => void,
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
    if (model !== undefined) onStuck(model);
    again();
  }

  function again(): void {
    takeBack = clock.after(sweepMs, sweep);
  }
  again();
  return () => takeBack();
}
