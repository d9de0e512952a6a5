/** Half a round: tasks stream, some watchers read nothing of it, and an ordinary client asks for results meanwhile. */

import { setTimeout as pause } from 'node:timers/promises';
import { tensor } from '@inferq/client/index.ts';
import { memoryOf } from '@inferq/test/support/memory.ts';
import type { Bench } from '../bench.ts';
import { digit } from '../bench.ts';
import type { ClientProcess } from '../client-process.ts';
import { percentile } from '../measurement.ts';
import { peakDuring } from '../memory.ts';
import type { Open, SleeperRequest } from '../processes/sleeper.ts';

export const tasks = 100;
export const chunk = { count: 200, bytes: 4_096, everyMs: 50 };
const filling = 100;
const predictions = 300;
/** All of them while the tasks stream, however long each takes. */
const pauseMs = (0.8 * chunk.count * chunk.everyMs) / (filling + predictions);

export interface Half {
  /** Milliseconds, while the watches are new and what they leave unread piles up. */
  fillingP99: number;
  /** Afterwards. */
  p50: number;
  p99: number;
  /** Bytes that the server held more than before: at most, garbage included; and live ones in the end. */
  peak: number;
  live: number;
  /** Watches that the server ended. */
  lost: number;
}

export async function half(bench: Bench, sleeper: ClientProcess<SleeperRequest>, watches: number): Promise<Half> {
  const { child, pid, address } = bench.server;
  const before = await memoryOf(child);
  const parameters = { chunks: chunk.count, bytes: chunk.bytes, every_ms: chunk.everyMs };
  const stream = { model: 'pour', inputs: { tag: tensor.int32([1, 1], [0]) }, parameters, resultTtlMs: 60_000 };
  const { peak, result } = await peakDuring(pid, async () => {
    const taskIds = await bench.submit(Array.from({ length: tasks }, () => stream));
    await sleeper.ask({ do: 'open', address, taskIds: Array.from({ length: watches }, (_, index) => taskIds[index % tasks] ?? '') });
    const times = { filling: await predictionTimes(bench, filling), filled: await predictionTimes(bench, predictions) };
    await ended(bench, taskIds);
    return times;
  });
  const { open } = await sleeper.ask<Open>({ do: 'count' });
  const live = (await memoryOf(child)).live - before.live;
  await sleeper.ask({ do: 'close' });
  return {
    fillingP99: percentile(result.filling, 0.99),
    p50: percentile(result.filled, 0.5),
    p99: percentile(result.filled, 0.99),
    peak: peak - before.resident,
    live,
    lost: watches - open,
  };
}

/** Milliseconds that an ordinary client waits for each of many results, asked for one by one. */
async function predictionTimes(bench: Bench, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await bench.client.predict(digit);
    times.push(performance.now() - start);
    await pause(pauseMs);
  }
  return times;
}

async function ended(bench: Bench, taskIds: readonly string[]): Promise<void> {
  const all = await Promise.all(taskIds.map((taskId) => bench.client.getResult(taskId, { waitMs: 120_000 })));
  const failed = all.find(({ state }) => state !== 'SUCCEEDED');
  if (failed !== undefined) throw new Error(`a streaming task is ${failed.state}: ${failed.error?.message}`);
}
