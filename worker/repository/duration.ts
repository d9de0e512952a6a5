/** Durations as people write them in model.yaml. */

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const durationRule = 'a duration such as 250ms, 10s, 5m or 1h, or a number of seconds';

/** Milliseconds of `10s`, `250ms`, `1.5h` or a number of seconds; undefined where it is no duration. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value * 1_000) : undefined;
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?$/.exec(value.trim());
  if (!match) return undefined;
  return Math.round(Number(match[1]) * (unitMs[match[2] ?? 's'] ?? 1));
}
