/** Moments as people type them. */

import { wrongUsage } from '../failure.ts';
import { parseDuration } from './duration.ts';

/**
 * "2026-01-31", "2026-01-31T12:00:00Z" (local time where no zone is given), or a duration such as "2h" for so long before `now`
 * (epoch milliseconds). `option` is named in the Failure thrown for anything else.
 */
export function parseTime(option: string, text: string, now: number): Date {
  if (/^[\d.]+(ms|s|m|h|d)$/.test(text)) return new Date(now - parseDuration(option, text));
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) {
    throw wrongUsage(`${option} takes a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago, not "${text}".`);
  }
  return time;
}
