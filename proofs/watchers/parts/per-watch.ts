/** Memory divided by what it is for. */

import type { Memory } from '@inferq/test/support/memory.ts';

/** Where memory is looked at: with a tenth of the watches open, half of them, and all. */
export function stepsOf(watches: number): number[] {
  return [Math.ceil(watches / 10), Math.ceil(watches / 2), watches];
}

/** What each of `open` watches has added. */
export function perWatch(before: Memory, now: Memory, open: number): Memory {
  return { resident: (now.resident - before.resident) / open, live: (now.live - before.live) / open };
}
