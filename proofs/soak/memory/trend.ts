/** Whether a series of figures grows: a line through it, and how sure that line is. Pure. */

/** A figure at a time: milliseconds, and bytes or a count. */
export interface Sample {
  at: number;
  value: number;
}

export interface Trend {
  /** Of the whole window: what it is measured against. */
  median: number;
  /** Growth in an hour, by the fitted line. */
  perHour: number;
  /** Growth in an hour that chance alone exceeds in 1 of 40 flat series. */
  atLeastPerHour: number;
  /** Each half of the window grows too, beyond chance: what only settles, or took one step, does not. */
  lasting: boolean;
}

/** What growth in an hour is too much: more than this part of the median and more than this much. */
export interface Tolerance {
  part: number;
  much: number;
}

const hourMs = 3_600_000;
/**
 * Samples a second apart are no independent witnesses; the lowest of each of this many stretches nearly are. What is lowest after a
 * collection lives; what lies above it is garbage, and comes and goes with the load.
 */
const inAll = 24;
/** Of the standard normal distribution: 97.5 % lie below. */
const z = 1.96;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The window cut into stretches of equal time, of each the lowest. */
function floors(samples: readonly Sample[], stretches: number): Sample[] {
  const first = samples[0]?.at ?? 0;
  const span = (samples.at(-1)?.at ?? first) - first + 1;
  const lowest: Sample[] = [];
  for (const sample of samples) {
    const index = Math.floor(((sample.at - first) * stretches) / span);
    if (sample.value < (lowest[index]?.value ?? Number.POSITIVE_INFINITY)) lowest[index] = sample;
  }
  return lowest.filter((sample) => sample !== undefined);
}

/**
 * Fits the line of Theil and Sen: its slope is the median of the slopes between all pairs of points. Unlike least squares it is
 * not moved by a heap that was just collected, or not yet, at one end of the window. Its confidence limit is Sen's, from the
 * distribution of Kendall's tau. Needs 6 samples or more.
 */
export function trendOf(samples: readonly Sample[]): Trend {
  const middle = Math.floor(samples.length / 2);
  const halves = [samples.slice(0, middle), samples.slice(middle)].map((half) => slopeOf(floors(half, inAll / 2)));
  const { likely, lower } = slopeOf(floors(samples, inAll));
  return {
    median: median(samples.map(({ value }) => value)),
    perHour: likely * hourMs,
    atLeastPerHour: lower * hourMs,
    lasting: halves.every((half) => half.lower > 0),
  };
}

function slopeOf(points: readonly Sample[]): { likely: number; lower: number } {
  const slopes = points
    .flatMap((one, index) => points.slice(index + 1).map((other) => (other.value - one.value) / (other.at - one.at)))
    .sort((one, other) => one - other);
  const count = points.length;
  const spread = z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return { likely: median(slopes), lower: slopes[Math.max(0, Math.floor((slopes.length - spread) / 2))] ?? 0 };
}

/**
 * A series leaks where its growth is beyond chance, matters and lasts: the lower limit of its slope, kept up for an hour, is more
 * than a part of what there is, and more than an amount that nobody would look for; and it grows in each half of the window.
 */
export function leaks(trend: Trend, tolerance: Tolerance): boolean {
  return trend.lasting && trend.atLeastPerHour > mostPerHour(trend, tolerance);
}

/** The growth in an hour that is not yet too much. */
export function mostPerHour({ median: level }: Trend, { part, much }: Tolerance): number {
  return Math.max(part * level, much);
}
