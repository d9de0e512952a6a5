/** One run: every kind of fault in turn, and the report. */

import { availableParallelism } from 'node:os';
import { Bench, leaseMs } from './bench.ts';
import { measureKilledExecutor } from './faults/executor-killed.ts';
import { measureFrozenRedis } from './faults/redis-frozen.ts';
import { measureRestartedRedis } from './faults/redis-restarted.ts';
import { measureGoneWorker } from './faults/worker-gone.ts';
import { kept } from './measurement.ts';
import { loadText, resultTable } from './report.ts';

/** A gone worker costs a lease each time, and a freeze a minute: they are repeated less often than an executor is killed. */
const partOfRounds = { goneWorker: 1 / 10, restartedRedis: 1 / 5, frozenRedis: 1 / 100 };

/** Runs it; resolves to whether every target was met. `stop` ends it early. */
export async function runRecovery(rounds: number, print: (line: string) => void, stop: AbortSignal): Promise<boolean> {
  const of = (part: number) => Math.ceil(rounds * part);
  const progress = (done: string) => print(`${done} (${loadText()})`);
  print(`lease ${leaseMs / 1_000} s, ${availableParallelism()} cores, ${loadText()}`);
  const bench = await Bench.start();
  const end = () => void bench.end();
  stop.addEventListener('abort', end);
  try {
    stop.throwIfAborted();
    const measurements = [
      ...(await measureKilledExecutor(bench, rounds, progress)),
      ...(await measureGoneWorker(bench, of(partOfRounds.goneWorker), progress)),
    ];
    const frozen = await measureFrozenRedis(bench, of(partOfRounds.frozenRedis), progress);
    measurements.push(...frozen.measurements);
    // Last, because it leaves a heavy Redis behind.
    measurements.push(...(await measureRestartedRedis(bench, of(partOfRounds.restartedRedis), progress)));
    print(`\n${resultTable(measurements, frozen)}\n`);
    print('Seen by: Redis, the times in the task; model, the moment its code starts; client, the moment it has the reply.');
    print(`All processes share this machine, ${availableParallelism()} cores, ${loadText()} at the end.`);
    for (const { what, violations } of measurements) for (const violation of violations) print(`  ${what}: ${violation}`);
    return measurements.every(kept) && frozen.taken === 0;
  } finally {
    stop.removeEventListener('abort', end);
    await bench.end();
  }
}
