/** Durations as people type them. */

import { wrongUsage } from '../failure.ts';

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "200ms", "5s", "1.5m", "2h" or "7d". `option` is named in the Failure thrown for anything else. */
export function parseDuration(option: string, text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = Math.round(Number(found?.[1]) * (unitMs[found?.[2] ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(ms)) throw wrongUsage(`${option} takes a duration such as 200ms, 5s, 10m, 2h or 7d, not "${text}".`);
  return ms;
}
