/** What commands that print a list share: rows as they come for scripts, one table for people. */

import { oneLine } from '@inferq/core/plain-text.ts';
import type { Column } from '../print/table.ts';
import { printJson } from './json.ts';

export interface ListView<Item> {
  columns: readonly Column[];
  /** One or more rows of one item. */
  rows(item: Item): string[][];
  /** Lines about one item that have no place in a table: they follow it. */
  notes?(item: Item): string[];
  ifNone: string;
  /** What scripts get, where that is not the item itself. */
  json?(item: Item): unknown;
}

/** Reads the list to its end and prints it. */
export async function printList<Item>(items: AsyncIterable<Item>, json: boolean | undefined, view: ListView<Item>): Promise<void> {
  const rows: string[][] = [];
  const notes: string[] = [];
  for await (const item of items) {
    if (json) printJson(view.json ? view.json(item) : item);
    else {
      rows.push(...view.rows(item));
      notes.push(...(view.notes?.(item) ?? []));
    }
  }
  if (json) return;
  const { table } = await import('../print/table.ts');
  // A pipe gets whole cells.
  const width = process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
  const below = notes.length === 0 ? '' : `\n${notes.map(oneLine).join('\n')}\n`;
  process.stdout.write(`${table(view.columns, rows, view.ifNone, width)}\n${below}`);
}
