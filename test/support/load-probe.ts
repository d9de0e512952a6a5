/** Loaded into a server before its own code: tells its parent how long its event loop was kept. */

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  kind: 'loop-delay';
  /** The longest since the question before. */
  worstMs: number;
}

const resolutionMs = 1;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();

process.on('message', (message) => {
  if (message !== 'loop-delay') return;
  // A turn later, so that the turn in which the question waited counts.
  setTimeout(() => {
    process.send?.({ kind: 'loop-delay', worstMs: Math.max(0, delays.max / 1e6 - resolutionMs) } satisfies LoopDelay);
    delays.reset();
  }, 2 * resolutionMs);
});
