/** Medians of an outcome, and whether its targets are met. Pure. */

import { type Spread, spread } from '../measure/statistics.ts';
import type { Outcome } from '../run.ts';
import type { Median, Target } from '../scenario.ts';

/** A figure of a contestant over all rounds; undefined where it has none. */
export function spreadOf({ shown }: Outcome, contestant: string, column: string): Spread | undefined {
  const one = shown.find(({ name }) => name === contestant);
  if (one === undefined || 'leftOut' in one) return undefined;
  const samples = one.rounds.map((figures) => figures[column]).filter((figure) => figure !== undefined);
  return samples.length === 0 ? undefined : spread(samples);
}

export interface Judged {
  target: Target;
  value: number | undefined;
  /** `stated`: nothing is asked of it but that it is told. */
  verdict: 'met' | 'MISSED' | 'stated' | 'not run';
}

/** Every target with what was measured. */
export function judge(outcome: Outcome): Judged[] {
  const median: Median = (contestant, column) => spreadOf(outcome, contestant, column)?.median;
  return outcome.scenario.targets.map((target) => {
    const value = target.value(median);
    if (value === undefined) return { target, value, verdict: 'not run' };
    if (target.atLeast === undefined && target.atMost === undefined) return { target, value, verdict: 'stated' };
    const met = value >= (target.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (target.atMost ?? Number.POSITIVE_INFINITY);
    return { target, value, verdict: met ? 'met' : 'MISSED' };
  });
}

/** 'at least 20, aim 40'. */
export function limitText({ atLeast, atMost, aim }: Target): string {
  const parts = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(aim === undefined ? [] : [`aim ${aim}`]),
  ];
  return parts.join(', ');
}
