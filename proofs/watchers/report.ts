/** The table in the end. */

import { loadavg } from 'node:os';
import { table } from '@inferq/cli/print/table.ts';
import type { Measurement } from './measurement.ts';

const columns = [{ title: 'what' }, { title: 'measured' }, { title: 'target' }, { title: 'verdict' }];

function verdict({ target, kept }: Measurement): string {
  if (target === undefined) return '';
  return kept ? 'kept' : 'MISSED';
}

export function resultTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [one.what, one.value, one.target ?? '', verdict(one)]);
  return table(columns, rows, 'nothing was measured');
}

/** How busy the machine is: times mean little without it. */
export function loadText(): string {
  return `load average ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`;
}
