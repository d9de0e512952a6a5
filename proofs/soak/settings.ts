/** How a soak is laid out, and what it tolerates. */

import type { Tolerance } from './memory/trend.ts';

export interface SoakSettings {
  minutes: number;
  /** Tasks a second. */
  rate: number;
  seed: number;
  /** A file for the figures. */
  samples?: string;
}

const MiB = 2 ** 20;

/**
 * A resident set that grows by more than this in an hour is a leak. At the default rate it is 23 bytes a task: less than a map takes
 * to hold anything for one.
 */
export const byteTolerance: Tolerance = { part: 0.05, much: 16 * MiB };

/** One key left by one task of a thousand, at the default rate. */
export const keyTolerance: Tolerance = { part: 0.05, much: 720 };

/** Short, so that as many results end as begin before the warm-up is over; longer than a client is slow. */
export const resultTtlMs = 30_000;

const leastWarmUpMs = 60_000;

/** Before it nothing is fitted: code is compiled, and keys grow to their number, which takes as long as an ignored result's record lives. */
export function warmUpMs({ minutes }: SoakSettings): number {
  return Math.max(leastWarmUpMs, (minutes * 60_000) / 4);
}
