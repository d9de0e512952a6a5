/** Redis ends and comes back on the same append-only file, under a steady flow of tasks. */

import { setTimeout as pause } from 'node:timers/promises';
import { signal } from '../../chaos/fleet/children.ts';
import type { Bench } from '../bench.ts';
import { fillRedis } from '../fill-redis.ts';
import { Flow } from '../flow.ts';
import { type Measurement, measurement } from '../measurement.ts';
import { answersAnew, runIdAt } from '../redis-answers.ts';

const targetMs = 2_000;
const longDownMs = 5_000;
/** Seconds of loading. */
const manyKeys = 1_000_000;
const flowMs = 500;

interface Way {
  what: string;
  name: 'SIGTERM' | 'SIGKILL';
  downMs: number;
  /** Put into Redis before. */
  keys: number;
}

const ways: Way[] = [
  { what: 'SIGTERM', name: 'SIGTERM', downMs: 0, keys: 0 },
  { what: 'SIGKILL', name: 'SIGKILL', downMs: 0, keys: 0 },
  { what: `SIGKILL, down for ${longDownMs / 1_000} s`, name: 'SIGKILL', downMs: longDownMs, keys: 0 },
  { what: 'SIGKILL, a million keys to load', name: 'SIGKILL', downMs: 0, keys: manyKeys },
];

export async function measureRestartedRedis(bench: Bench, rounds: number, progress: (done: string) => void): Promise<Measurement[]> {
  const all: Measurement[] = [];
  const worker = await bench.startWorker();
  for (const way of ways) {
    const how = `Redis restarted (${way.what})`;
    if (way.keys > 0) await fillRedis(bench.redis.url, way.keys);
    const first = measurement(`${how}: first result after it answers`, 'client', targetMs);
    const last = measurement(`${how}: last result of what was acknowledged before`, 'client');
    all.push(first, last);
    for (let round = 1; round <= rounds; round++) {
      await strike(bench, way, first, last);
      progress(`${how}: ${round} of ${rounds}`);
    }
  }
  await bench.retire(worker);
  return all;
}

async function strike(bench: Bench, { name, downMs }: Way, first: Measurement, last: Measurement): Promise<void> {
  const flow = new Flow(bench);
  await pause(flowMs);
  const runId = await runIdAt(bench.redis.port);
  const struckAt = Date.now();
  if (downMs > 0) {
    signal(bench.redis.pid, name);
    await pause(downMs);
  }
  const restarted = bench.redis.restart(name);
  const answeredAt = await answersAnew(bench.redis.port, runId);
  await restarted;
  await flow.resultAfter(answeredAt);
  const { results, failures } = await flow.end();
  if (failures.length > 0) first.violations.push(`${failures.length} tasks of the flow failed, the first: ${failures[0]}`);
  const after = results.filter(({ seenAt }) => seenAt >= answeredAt).map(({ seenAt }) => seenAt);
  first.samples.push(Math.min(...after) - answeredAt);
  const before = results.filter(({ acknowledgedAt }) => acknowledgedAt < struckAt).map(({ seenAt }) => seenAt);
  last.samples.push(Math.max(0, Math.max(...before) - answeredAt));
}
