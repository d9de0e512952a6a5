/** An outcome as Markdown: a table of medians with ranges, and one of targets. */

import type { Outcome } from '../run.ts';
import { judge, limitText, spreadOf } from './verdict.ts';

/** The section of one scenario; `chart` is the picture's path as the page names it. */
export function section(outcome: Outcome, chart: string): string {
  const { scenario } = outcome;
  const parts = [`## ${scenario.name}`, scenario.about, figureTable(outcome), targetTable(outcome), `![${scenario.name}](${chart})`];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function figureTable(outcome: Outcome): string {
  const { scenario, shown } = outcome;
  const columns = scenario.columns.filter(({ key }) => shown.some(({ name }) => spreadOf(outcome, name, key) !== undefined));
  const rows = shown.map((one) => {
    if ('leftOut' in one) return [one.name, `left out: ${one.leftOut}`, ...columns.slice(1).map(() => '')];
    return [
      one.name,
      ...columns.map(({ key, digits = 0 }) => {
        const figure = spreadOf(outcome, one.name, key);
        if (figure === undefined) return '';
        return `${shownNumber(figure.median, digits)} (${shownNumber(figure.least, digits)} to ${shownNumber(figure.most, digits)})`;
      }),
    ];
  });
  return table(['', ...columns.map(({ title }) => title)], rows);
}

function targetTable(outcome: Outcome): string {
  const rows = judge(outcome).map(({ target, value, verdict }) => [
    target.what,
    value === undefined ? '' : shownRatio(value),
    limitText(target),
    verdict,
  ]);
  return rows.length === 0 ? '' : table(['target', 'measured', 'asked for', ''], rows);
}

/** A Markdown table, whose columns but the first are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_cell, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function shownNumber(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Three figures that count. */
function shownRatio(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
