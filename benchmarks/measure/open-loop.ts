/** Sends at fixed times, whether or not earlier answers have come: a slow answer cannot hide the wait of those behind it. */

import { setTimeout as pause } from 'node:timers/promises';

export interface OpenLoop {
  /** Sends a second. */
  rate: number;
  count: number;
  /** One piece of work, to its answer. */
  send(index: number): Promise<void>;
}

/** Milliseconds from each intended send time to its answer, in order. Throws the first error of a send. */
export async function openLoop({ rate, count, send }: OpenLoop): Promise<number[]> {
  const begin = performance.now() + 10;
  const answers: Promise<number>[] = [];
  for (let index = 0; index < count; index++) {
    const intended = begin + (index * 1_000) / rate;
    await until(intended);
    const answer = send(index).then(() => performance.now() - intended);
    // A send that fails before the last one has gone out is looked at in the end.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}

/** Timers fire up to a millisecond late, which would count as latency: the last stretch is waited for by turns of the event loop. */
async function until(time: number): Promise<void> {
  const timerSlackMs = 1.5;
  const left = time - performance.now();
  if (left > timerSlackMs) await pause(left - timerSlackMs);
  while (performance.now() < time) await new Promise((resolve) => setImmediate(resolve));
}
