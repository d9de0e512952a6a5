/** Measures limits: starts each, repeats it, and stops it. */

import { median } from '../measure/statistics.ts';
import type { Setup } from '../scenario.ts';
import type { Limit } from './limit.ts';

/** What a limit showed. */
export interface Measured {
  limit: Limit;
  /** One value for each repeat. */
  values: number[];
  worst: number;
  median: number;
  holds: boolean;
}

/** Measures one limit so many times. Throws where an answer is wrong. */
export async function measure(limit: Limit, setup: Setup, repeats: number): Promise<Measured> {
  const measurable = await limit.start(setup);
  const values: number[] = [];
  try {
    for (let repeat = 1; repeat <= repeats; repeat++) {
      const value = await measurable.once();
      values.push(value);
      setup.say(`  ${repeat} of ${repeats}  ${shown(value)} ${limit.unit}`);
    }
  } finally {
    await measurable.stop();
  }
  const worst = Math.max(...values);
  return { limit, values, worst, median: median(values), holds: worst <= limit.atMost };
}

/** Three figures that count. */
export function shown(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** One line on what was measured. */
export function summary({ limit, worst, median, holds }: Measured): string {
  const { name, unit, atMost } = limit;
  return `${name}: worst ${shown(worst)} ${unit}, median ${shown(median)} ${unit}, at most ${atMost} ${unit}: ${holds ? 'holds' : 'MISSED'}`;
}
