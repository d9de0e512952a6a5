/** Whether the store answers. A connection alone does not tell: a frozen Redis keeps it open. */

import { setTimeout as delay } from 'node:timers/promises';

export interface StoreProbe {
  /** Anything that the store must answer; rejects where it cannot. */
  ask(): Promise<unknown>;
  everyMs: number;
  withinMs: number;
}

/** Tells after every question whether it was answered in time, until the signal fires. */
export async function followStore(
  { ask, everyMs, withinMs }: StoreProbe,
  tell: (answers: boolean) => void,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const answers = await answered(ask, withinMs);
    if (stop.aborted) return;
    tell(answers);
    await delay(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

async function answered(ask: () => Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(withinMs, false, { signal: timer.signal }).catch(() => false);
  const answer = ask().then(
    () => true,
    () => false,
  );
  const inTime = await Promise.race([answer, late]);
  timer.abort();
  return inTime;
}
