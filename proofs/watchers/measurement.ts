/** One measured thing: a row of the report. */

export interface Measurement {
  what: string;
  value: string;
  /** What is promised; undefined where nothing is. */
  target?: string;
  kept: boolean;
}

/** Something that is told, and promised to nobody. */
export function told(what: string, value: string): Measurement {
  return { what, value, kept: true };
}

/** Something that must not exceed `most`. */
export function atMost(what: string, measured: number, most: number, text: (value: number) => string): Measurement {
  return { what, value: text(measured), target: `at most ${text(most)}`, kept: measured <= most };
}

/** Something of which there may be none: `problems` has a sentence for each. */
export function none(what: string, problems: readonly string[]): Measurement {
  const [first] = problems;
  return { what, value: first === undefined ? 'none' : `${problems.length}, such as: ${first}`, target: 'none', kept: first === undefined };
}

export function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} KB`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}

export function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** The value that `part` of the samples do not exceed. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))] ?? Number.NaN;
}
