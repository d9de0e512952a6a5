/** Durations as people write them: on the command line and in model.yaml. */

export const durationRule = 'a duration such as 250ms, 10s, 5m, 1h30m or 7d, or a number of seconds';

const unitMs = [86_400_000, 3_600_000, 60_000, 1_000, 1];
const amount = '([0-9]+(?:\\.[0-9]+)?)';
/** The amounts in the order of `unitMs`; each unit at most once, the largest first. */
const withUnits = new RegExp(`^(?:${['d', 'h', 'm(?:in)?', 's', 'ms'].map((unit) => `(?:${amount} ?${unit})? ?`).join('')})$`);
const seconds = new RegExp(`^${amount}$`);
const longest = 64;

/** Milliseconds of `10s`, `250ms`, `1h30m`, or of a number of seconds, as a number or as text; undefined for anything else. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return wholeMs(value * 1_000);
  const text = value.trim();
  if (text === '' || text.length > longest) return undefined;
  const plain = seconds.exec(text)?.[1];
  if (plain !== undefined) return wholeMs(Number(plain) * 1_000);
  const amounts = withUnits.exec(text)?.slice(1);
  return amounts && wholeMs(amounts.reduce((sum, each, index) => sum + Number(each ?? 0) * (unitMs[index] ?? 0), 0));
}

function wholeMs(ms: number): number | undefined {
  const whole = Math.round(ms);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : undefined;
}
