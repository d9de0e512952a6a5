/** Watchers that read nothing, on tasks that stream: what they make the server hold, and what other clients feel of them. */

import { setTimeout as pause } from 'node:timers/promises';
import { tensor } from '@inferq/client/index.ts';
import type { Bench } from '../bench.ts';
import { digit } from '../bench.ts';
import { Helper } from '../helper.ts';
import { atMost, kilobytes, type Measurement, megabytes, milliseconds, none, percentile, told } from '../measurement.ts';
import { type Memory, memoryOf, peakDuring } from '../memory.ts';
import type { Open, SleeperRequest } from '../processes/sleeper.ts';

const tasks = 100;
const chunk = { count: 200, bytes: 4_096, everyMs: 50 };
const predictions = 400;
/**
 * What one may make the server hold: up to 48 KiB of events that wait for it (32 KiB and one event more), as much again in a
 * message under way, 16 KiB queued before that, and the watch itself.
 */
const watchBytes = 128 * 1_024;
const mostSlowdown = 2;

interface Half {
  p50: number;
  p99: number;
  /** How much more the server held than before, at most and after garbage was collected. */
  peak: number;
  live: number;
}

type Round = Record<'without' | 'with', Half>;

export async function measureUnread(
  bench: Bench,
  watches: number,
  rounds: number,
  progress: (done: string) => void,
): Promise<Measurement[]> {
  const workers = [await bench.startWorker('digits'), await bench.startWorker('pour')];
  const sleeper = await Helper.start<SleeperRequest>('sleeper');
  const done: Round[] = [];
  const problems: string[] = [];
  try {
    // Not counted: code and connections get warm.
    await half(bench, sleeper, 0, problems);
    for (let round = 1; round <= rounds; round++) {
      const without = await half(bench, sleeper, 0, problems);
      done.push({ without, with: await half(bench, sleeper, watches, problems) });
      progress(`${watches} watchers that read nothing: round ${round} of ${rounds}`);
    }
  } finally {
    sleeper.end();
  }
  for (const worker of workers) await bench.retire(worker);
  return rows(done, watches, problems);
}

async function half(bench: Bench, sleeper: Helper<SleeperRequest>, watches: number, problems: string[]): Promise<Half> {
  const { child, pid, address } = bench.server;
  const parameters = { chunks: chunk.count, bytes: chunk.bytes, every_ms: chunk.everyMs };
  const stream = { model: 'pour', inputs: { tag: tensor.int32([1, 1], [0]) }, parameters, resultTtlMs: 60_000 };
  // Nobody else's tasks wait behind the streaming ones: their model runs in a worker of its own.
  const taskIds = await bench.submit(Array.from({ length: tasks }, () => stream));
  const before: Memory = await memoryOf(child);
  const { peak, result: times } = await peakDuring(pid, async () => {
    await sleeper.ask({ do: 'open', address, taskIds: Array.from({ length: watches }, (_, index) => taskIds[index % tasks] ?? '') });
    const measured = await predictionTimes(bench);
    await ended(bench, taskIds);
    return measured;
  });
  const { open } = await sleeper.ask<Open>({ do: 'count' });
  if (open !== watches) problems.push(`${watches - open} of ${watches} watches were ended by the server`);
  const held = { peak: peak - before.resident, live: (await memoryOf(child)).live - before.live };
  await sleeper.ask({ do: 'close' });
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), ...held };
}

/** Milliseconds that an ordinary client waits for each of many results, asked for one by one while the tasks stream. */
async function predictionTimes(bench: Bench): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < predictions; index++) {
    const start = performance.now();
    await bench.client.predict(digit);
    times.push(performance.now() - start);
    await pause((0.8 * chunk.count * chunk.everyMs) / predictions);
  }
  return times;
}

async function ended(bench: Bench, taskIds: readonly string[]): Promise<void> {
  const all = await Promise.all(taskIds.map((taskId) => bench.client.getResult(taskId, { waitMs: 120_000 })));
  const failed = all.find(({ state }) => state !== 'SUCCEEDED');
  if (failed !== undefined) throw new Error(`a streaming task is ${failed.state}: ${failed.error?.message}`);
}

function rows(done: readonly Round[], watches: number, problems: readonly string[]): Measurement[] {
  const median = (of: (round: Round) => number) => percentile(done.map(of), 0.5);
  const latencies = (half: 'without' | 'with') =>
    `${milliseconds(median((round) => round[half].p50))}, ${milliseconds(median((round) => round[half].p99))}`;
  const all = watches * chunk.count * chunk.bytes;
  return [
    told(`${watches} watchers that read nothing, of ${tasks} streaming tasks: what they were sent in all`, megabytes(all)),
    told(
      'resident memory of the server, the most while they streamed: with them, without',
      `${megabytes(median((round) => round.with.peak))}, ${megabytes(median((round) => round.without.peak))} more than before`,
    ),
    atMost(
      'resident memory of the server for each of them, the most while they streamed',
      median((round) => round.with.peak - round.without.peak) / watches,
      watchBytes,
      kilobytes,
    ),
    atMost(
      'live memory of the server for each of them, in the end',
      Math.max(...done.map((round) => round.with.live)) / watches,
      watchBytes,
      kilobytes,
    ),
    none('such watches that the server ended', problems),
    told('predict without them, p50, p99, medians of rounds', latencies('without')),
    told('predict with them, p50, p99, medians of rounds', latencies('with')),
    told('predict with them against without, p50', `${median((round) => round.with.p50 / round.without.p50).toFixed(2)} times`),
    atMost(
      'predict with them against without, p99',
      median((round) => round.with.p99 / round.without.p99),
      mostSlowdown,
      (ratio) => `${ratio.toFixed(2)} times`,
    ),
  ];
}
