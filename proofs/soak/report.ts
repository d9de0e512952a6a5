/** What a soak prints in the end. */

import { type Column, table } from '@inferq/cli/print/table.ts';
import type { Tally } from './load/tally.ts';
import type { Rest } from './memory/rest.ts';
import type { Series } from './memory/sampler.ts';
import { leaks, mostPerHour, type Trend } from './memory/trend.ts';

const mostViolations = 30;

export interface Fitted {
  series: Series;
  trend: Trend;
}

export function leaking({ series, trend }: Fitted): boolean {
  return series.tolerance !== undefined && leaks(trend, series.tolerance);
}

function right(title: string): Column {
  return { title, align: 'right' };
}

/** A figure of a series, in its own unit. */
export function shown(value: number, { unit }: Series): string {
  return unit === 'bytes' ? `${(value / 2 ** 20).toFixed(1)} MiB` : Math.round(value).toLocaleString('en');
}

function verdict(fitted: Fitted): string {
  if (!fitted.series.tolerance) return 'not judged';
  if (leaking(fitted)) return 'GROWS';
  return fitted.trend.atLeastPerHour > mostPerHour(fitted.trend, fitted.series.tolerance) ? 'settles' : 'flat';
}

export function trendTable(fitted: readonly Fitted[]): string {
  const rows = fitted.map((one) => {
    const { series, trend } = one;
    const { tolerance } = series;
    const most = tolerance && mostPerHour(trend, tolerance);
    return [
      series.name,
      String(series.samples.length),
      shown(trend.median, series),
      shown(trend.perHour, series),
      shown(trend.atLeastPerHour, series),
      most === undefined ? '' : shown(most, series),
      verdict(one),
    ];
  });
  const columns = [
    { title: 'series' },
    right('samples'),
    right('median'),
    right('slope an hour'),
    right('at least'),
    right('tolerated'),
    { title: 'verdict' },
  ];
  return table(columns, rows, 'nothing was measured');
}

/** Every sample: seconds since the load began, and bytes or a count. */
export function csvOf(series: readonly Series[], beginsAt: number): string {
  const lines = series.flatMap(({ name, samples }) =>
    samples.map(({ at, value }) => `"${name}",${((at - beginsAt) / 1_000).toFixed(1)},${value}`),
  );
  return `${['series,seconds,value', ...lines].join('\n')}\n`;
}

export function restTable(rest: readonly Rest[]): string {
  const rows = rest.map(({ kind, count, owner, example }) => [kind, String(count), owner ?? `LEFT BEHIND, such as ${example}`]);
  return table([{ title: 'keys left' }, right('count'), { title: 'what they are' }], rows, 'Redis is empty');
}

export function taskTable({ right: counts }: Tally): string {
  const rows = [...counts].sort(([, one], [, other]) => other - one).map(([name, count]) => [name, count.toLocaleString('en')]);
  return table([{ title: 'tasks' }, right('went right')], rows, 'no tasks');
}

export function violationText({ violations, violated }: Tally): string {
  const shownOnes = violations.slice(0, mostViolations).map((sentence) => `  ${sentence}`);
  return [
    `${violated} violations:`,
    ...shownOnes,
    ...(violated > shownOnes.length ? [`  and ${violated - shownOnes.length} more`] : []),
  ].join('\n');
}
