/** `npm run bench -- limits`. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wrongUsage } from '@inferq/cli/failure.ts';
import type { Machine } from '../report/machine.ts';
import type { Setup } from '../scenario.ts';
import { limits } from './index.ts';
import { writeLimits } from './report.ts';
import { type Measured, measure, summary } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const defaultRepeats = 20;

export interface LimitsFlags {
  /** The name of the one limit to measure. */
  only?: string;
  repeats?: number;
}

/** Measures all limits, or one. A quick run measures each once and judges nothing. */
export async function benchLimits(setup: Setup, machine: Machine, { only, repeats }: LimitsFlags): Promise<void> {
  const chosen = limits.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) throw wrongUsage(`--only must be one of ${limits.map(({ name }) => name).join(', ')}, not "${only}".`);
  const measured: Measured[] = [];
  for (const limit of chosen) {
    setup.say(`${limit.name}: ${limit.about}`);
    measured.push(await measure(limit, setup, repeats ?? (setup.quick ? 1 : defaultRepeats)));
  }
  if (setup.quick) return setup.say(`every answer was right for ${measured.length} limits; a quick run judges no times and sizes`);
  for (const one of measured) setup.say(summary(one));
  const page = join(root, only === undefined ? 'docs/limits.md' : `benchmarks/results/limits-${only}.md`);
  writeLimits(measured, machine, page, `npm run bench -- limits${only === undefined ? '' : ` --only ${only}`}`);
  setup.say(`written to ${page.slice(root.length)}`);
}
