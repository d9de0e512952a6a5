/** One run: many watches, watches that nobody reads, a slow one, and the report. */

import { availableParallelism } from 'node:os';
import { Bench } from './bench.ts';
import type { Measurement } from './measurement.ts';
import { measureBare } from './parts/bare.ts';
import { measureMany } from './parts/many.ts';
import { measureSlow } from './parts/slow.ts';
import { measureUnread } from './parts/unread.ts';
import { loadText, resultTable } from './report.ts';

export interface Settings {
  /** How many are open at once. */
  watches: number;
  /** How many read nothing. */
  unread: number;
  /** How often latencies are measured with those and without. */
  rounds: number;
  /** How many chunks the slow one reads. */
  slowChunks: number;
}

/** Runs it; resolves to whether every target was met. `stop` ends it early. */
export async function runWatchers(settings: Settings, print: (line: string) => void, stop: AbortSignal): Promise<boolean> {
  const { watches, unread, rounds, slowChunks } = settings;
  const progress = (done: string) => {
    stop.throwIfAborted();
    print(`${done} (${loadText()})`);
  };
  print(`${availableParallelism()} cores, ${loadText()}`);
  const measurements: Measurement[] = [];
  const add = async (part: Promise<Measurement[]>) => void measurements.push(...(await part));
  await add(measureBare(watches));
  progress(`${watches} streams of a bare server`);
  // A server of its own for each: what one part leaves in memory is not counted in the next.
  await add(withBench(stop, (bench) => measureMany(bench, watches, progress)));
  await add(withBench(stop, (bench) => measureUnread(bench, unread, rounds, progress)));
  await add(withBench(stop, (bench) => measureSlow(bench, slowChunks, progress)));
  print(`\n${resultTable(measurements)}\n`);
  print('Memory is looked at after garbage was given back, which a resting process does by itself within about 15 s.');
  print('Resident: what the process holds of the machine; live: what its objects and buffers take.');
  print(`All processes share this machine, ${availableParallelism()} cores, ${loadText()} at the end.`);
  return measurements.every(({ kept }) => kept);
}

async function withBench<T>(stop: AbortSignal, work: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = await Bench.start();
  const stopped = Promise.withResolvers<never>();
  const stopNow = () => stopped.reject(stop.reason);
  stop.addEventListener('abort', stopNow);
  try {
    stop.throwIfAborted();
    // Work that is under way is not waited for: what it waits for ends with the bench.
    return await Promise.race([work(bench), stopped.promise]);
  } finally {
    stop.removeEventListener('abort', stopNow);
    await bench.end();
  }
}
