/** One measured thing: a row of the report. */

export interface Measurement {
  /** What happened, and until when it is measured. */
  what: string;
  /** Whose clocks the times come from. */
  seenBy: string;
  /** Milliseconds from the fault, one for each time it was measured. */
  samples: number[];
  /** What no sample may reach; undefined where nothing is promised. */
  targetMs?: number;
  /** What went wrong besides the times, a sentence each. */
  violations: string[];
}

/** A measurement that has no samples yet. */
export function measurement(what: string, seenBy: string, targetMs?: number): Measurement {
  return { what, seenBy, samples: [], violations: [], ...(targetMs === undefined ? {} : { targetMs }) };
}

/** The value that `part` of the samples do not exceed. */
export function percentile(samples: readonly number[], part: number): number | undefined {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))];
}

/** Whether the promise was kept: p99 below the target, and nothing else wrong. */
export function kept({ samples, targetMs, violations }: Measurement): boolean {
  if (violations.length > 0 || samples.length === 0) return false;
  return targetMs === undefined || (percentile(samples, 0.99) ?? targetMs) < targetMs;
}
