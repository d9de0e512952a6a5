/** How long a dead executor's successor waits: longer with each quick death, from the start again after a healthy minute. */

const firstMs = 100;
const longestMs = 10_000;
const healthyMs = 60_000;

/** Milliseconds to wait, and how many deaths in a row that makes. `livedMs` is how long the dead one had worked. */
export function restartDelay(deathsInARow: number, livedMs: number): { delayMs: number; deathsInARow: number } {
  const before = livedMs >= healthyMs ? 0 : deathsInARow;
  return { delayMs: Math.min(longestMs, firstMs * 2 ** before), deathsInARow: before + 1 };
}
