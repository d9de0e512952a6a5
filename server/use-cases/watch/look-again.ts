/** Reminds of things again and again, each in its own rhythm, so that no message that was lost costs more than one round. */

import type { Clock } from '../clock.ts';

const roundMs = 30_000;
const tickMs = 1_000;
const ticksPerRound = roundMs / tickMs;

export interface LookAgain<Key> {
  /** Reminds of `key` every 30 s, from now on. */
  add(key: Key): void;
  remove(key: Key): void;
  clear(): void;
}

/** Ticks only while there is something to remind of. Counts ticks and not the time of day, which may jump. */
export function createLookAgain<Key>(clock: Clock, remind: (key: Key) => void): LookAgain<Key> {
  /** The tick of the last reminder; the oldest comes first. */
  const remindedAt = new Map<Key, number>();
  let ticks = 0;
  let takeBack: (() => void) | undefined;

  const tick = () => {
    ticks += 1;
    takeBack = clock.after(tickMs, tick);
    for (const [key, since] of remindedAt) {
      if (ticks - since < ticksPerRound) return;
      remindedAt.delete(key);
      remindedAt.set(key, ticks);
      remind(key);
    }
  };
  const stopIfIdle = () => {
    if (remindedAt.size > 0) return;
    takeBack?.();
    takeBack = undefined;
  };

  return {
    add(key) {
      remindedAt.set(key, ticks);
      takeBack ??= clock.after(tickMs, tick);
    },
    remove(key) {
      remindedAt.delete(key);
      stopIfIdle();
    },
    clear() {
      remindedAt.clear();
      stopIfIdle();
    },
  };
}
