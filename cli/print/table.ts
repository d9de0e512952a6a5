/** Aligned columns without lines: text for people, and still one row a line for grep. */

import { dictionary } from '@inferq/core/dictionary.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import Table from 'cli-table3';
import { colours } from './colours.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

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

/** The rows under their titles; `ifNone` where there are none. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], ifNone: string): string {
  if (rows.length === 0) return ifNone;
  const drawn = new Table({
    head: columns.map(({ title }) => colours.bold(title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...noLines, right: '', 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  drawn.push(...rows.map((row) => row.map(oneLine)));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
