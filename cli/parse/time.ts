/** Moments as people type them. */

import { parseDuration } from '@inferq/core/duration.ts';
import { wrongUsage } from '../failure.ts';

const date = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * "2026-01-31", "2026-01-31T12:00:00Z" (local time where no zone is given), or a duration such as "2h" for so long before `now`
 * (epoch milliseconds). A bare number is refused, since it may be meant as a year or as an epoch. `option` is named in the Failure
 * thrown for anything else.
 */
export function parseTime(option: string, text: string, now: number): Date {
  const ago = /[a-z]/.test(text) ? parseDuration(text) : undefined;
  if (ago !== undefined) return new Date(now - ago);
  const time = date.test(text) ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime()) || !isDay(text)) {
    throw wrongUsage(`${option} takes a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago, not "${text}".`);
  }
  return time;
}

/** Whether the day exists: JavaScript takes February 30 for March 2. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(day).toISOString().startsWith(day);
}
