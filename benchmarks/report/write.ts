/** Writes what was measured: JSON with every round, a Markdown page and a chart for each scenario. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../run.ts';
import { chart } from './chart.ts';
import { type Machine, machineText } from './machine.ts';
import { section } from './markdown.ts';
import { judge } from './verdict.ts';

export interface Files {
  /** The Markdown page. */
  page: string;
  /** The folder for charts and JSON, below the page's. */
  folder: string;
  /** The command that measures all this again. */
  command: string;
}

/** `outcomes` of one run; `folder` is made where it does not exist. */
export function writeReport(outcomes: readonly Outcome[], machine: Machine, { page, folder, command }: Files): void {
  const below = join(page, '..', folder);
  mkdirSync(below, { recursive: true });
  for (const outcome of outcomes) writeFileSync(join(below, `${outcome.scenario.name}.svg`), chart(outcome));
  const rounds = outcomes.map((outcome) => ({
    scenario: outcome.scenario.name,
    contestants: outcome.shown,
    targets: judge(outcome).map(({ target, value, verdict }) => ({ what: target.what, value, verdict })),
  }));
  writeFileSync(join(below, 'rounds.json'), `${JSON.stringify({ machine, rounds }, undefined, 2)}\n`);
  const head = [
    '# Benchmarks',
    `Written by \`${command}\`. Medians, with the range over all rounds in brackets; contestants took turns in one run on one machine, so the ratios say more than the figures.`,
    `${machineText(machine)}.`,
  ];
  const sections = outcomes.map((outcome) => section(outcome, `${folder}/${outcome.scenario.name}.svg`));
  writeFileSync(page, `${[...head, ...sections].join('\n\n').trimEnd()}\n`);
}
