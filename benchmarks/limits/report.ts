/** Writes measured limits: a Markdown table, and every value as JSON. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine, machineText } from '../report/machine.ts';
import { table } from '../report/markdown.ts';
import type { Measured } from './run.ts';
import { shown } from './run.ts';

/** Writes the page, and `limits.json` into a folder of the page's name beside it. */
export function writeLimits(measured: readonly Measured[], machine: Machine, page: string, command: string): void {
  const folder = page.replace(/\.md$/, '');
  mkdirSync(folder, { recursive: true });
  const values = measured.map(({ limit, ...rest }) => ({ name: limit.name, unit: limit.unit, atMost: limit.atMost, ...rest }));
  writeFileSync(join(folder, 'limits.json'), `${JSON.stringify({ machine, limits: values }, undefined, 2)}\n`);
  const repeats = Math.max(...measured.map((one) => one.values.length));
  const rows = measured.map(({ limit, worst, median, holds }) => [
    `${limit.name}: ${limit.about}`,
    `${shown(worst)} ${limit.unit}`,
    `${shown(median)} ${limit.unit}`,
    `${shown(limit.atMost)} ${limit.unit}`,
    holds ? 'holds' : 'MISSED',
  ]);
  const parts = [
    '# Limits',
    `Written by \`${command}\`. Each line was measured ${repeats} times; the worst value counts.`,
    `${machineText(machine)}.`,
    table(['limit', 'worst', 'median', 'at most', ''], rows),
  ];
  writeFileSync(page, `${parts.join('\n\n')}\n`);
}
