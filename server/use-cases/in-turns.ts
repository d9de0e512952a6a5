/** Lets other calls go on while a large one is worked on. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sliced } from '@inferq/core/slices.ts';

/** How long work may keep the event loop at a time. */
const turnMs = 10;

/** Does work in turns with everything else. */
export async function inTurns<T>(work: Sliced<T>): Promise<T> {
  let until = performance.now() + turnMs;
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + turnMs;
  }
}
