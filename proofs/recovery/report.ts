/** The table in the end. */

import { loadavg } from 'node:os';
import { type Column, table } from '@inferq/cli/print/table.ts';
import type { Frozen } from './faults/redis-frozen.ts';
import { kept, type Measurement, percentile } from './measurement.ts';

/** As their documentation and users state them. */
const peers = [
  { what: 'Celery on Redis, as configured by default: a lost task runs again', seconds: '3,600' },
  { what: 'Celery on Redis, visibility timeout 10 s: a lost task runs again', seconds: '93' },
  { what: 'BullMQ: a stalled job runs again', seconds: '30 to 60' },
];

function right(title: string): Column {
  return { title, align: 'right' };
}

const columns = [
  { title: 'what' },
  { title: 'seen by' },
  right('samples'),
  right('p50 s'),
  right('p99 s'),
  right('max s'),
  right('target s'),
  { title: 'verdict' },
];

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : (ms / 1_000).toFixed(3);
}

function verdict(one: Measurement): string {
  if (!kept(one)) return 'MISSED';
  return one.targetMs === undefined ? '' : 'kept';
}

function row(one: Measurement): string[] {
  const { what, seenBy, samples, targetMs } = one;
  const times = [percentile(samples, 0.5), percentile(samples, 0.99), percentile(samples, 1)].map(seconds);
  return [what, seenBy, String(samples.length), ...times, targetMs === undefined ? '' : `< ${targetMs / 1_000}`, verdict(one)];
}

function frozenRow({ owned, taken }: Frozen): string[] {
  const what = `Redis frozen: ${taken} of ${owned} running tasks were taken from their owner`;
  return [what, 'task', String(owned), '', '', '', 'none', taken > 0 ? 'MISSED' : 'kept'];
}

/** All rows, and what peers take. */
export function resultTable(measurements: readonly Measurement[], frozen: Frozen): string {
  const quoted = peers.map((peer) => [peer.what, 'quoted', '', peer.seconds, '', '', '', 'not measured here']);
  return table(columns, [...measurements.map(row), frozenRow(frozen), ...quoted], 'nothing was measured');
}

/** How busy the machine is: times mean little without it. */
export function loadText(): string {
  return `load average ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`;
}
