/** Aligned columns without lines: text for people, and in a pipe still one row a line for grep. */

import { dictionary } from '@inferq/core/dictionary.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import Table, { type TableConstructorOptions } from 'cli-table3';
import stringWidth from 'string-width';
import { outColours } from './colours.ts';
import { fitColumns, wrapped } from './fit.ts';

export interface Column {
  title: string;
  /** Numbers stand on the right, and are never cut. */
  align?: 'left' | 'right';
  /** What must stay whole, to be copied or compared. */
  whole?: boolean;
}

const gap = '  ';
const noLines = dictionary(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
  ].map((part) => [part, ''] as const),
);

/**
 * The rows under their titles; `ifNone` where there are none. With a `width`, no line has more columns of a terminal: long cells end
 * with an ellipsis, and where even that is not enough each row becomes a block of lines.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], ifNone: string, width?: number): string {
  if (rows.length === 0) return ifNone;
  const cells = rows.map((row) => row.map(oneLine));
  if (width === undefined) return drawn(columns, cells);
  const natural = columns.map(({ title }, index) => widest([title, ...cells.map((row) => row[index] ?? '')]));
  const least = columns.map(({ title, align, whole }, index) => (align || whole ? (natural[index] ?? 0) : Math.max(8, title.length)));
  const widths = fitColumns(natural, least, width - gap.length * (columns.length - 1));
  return widths === undefined ? blocks(columns, cells, width) : drawn(columns, cells, { colWidths: widths });
}

function drawn(columns: readonly Column[], rows: readonly string[][], more: TableConstructorOptions = {}): string {
  const table = new Table({
    head: columns.map(({ title }) => outColours.bold(title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...noLines, right: '', 'right-mid': '', middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    ...more,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Each row as lines of title and value, with an empty line behind it. */
function blocks(columns: readonly Column[], rows: readonly string[][], width: number): string {
  const lead = widest(columns.map(({ title }) => title)) + gap.length;
  const block = (row: readonly string[]) =>
    columns.flatMap(({ title }, index) =>
      wrapped(row[index] ?? '', Math.max(8, width - lead)).map((part, line) =>
        line === 0 ? `${outColours.bold(title.padEnd(lead))}${part}` : `${' '.repeat(lead)}${part}`,
      ),
    );
  return rows.map((row) => block(row).join('\n')).join('\n\n');
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0);
}
