/** Watchers that read nothing, on tasks that stream: what they make the server hold, and what other clients feel of them. */

import type { Bench } from '../bench.ts';
import { ClientProcess } from '../client-process.ts';
import { atMost, kilobytes, type Measurement, megabytes, milliseconds, percentile, told } from '../measurement.ts';
import type { SleeperRequest } from '../processes/sleeper.ts';
import { chunk, type Half, half, tasks } from './unread-half.ts';

/**
 * What one may make the server hold: up to 48 KiB of events that wait for it (32 KiB and one event more), as much again in a
 * message under way, 16 KiB queued before that, and the watch itself.
 */
const watchBytes = 128 * 1_024;
/** New objects that V8 lets pile up before it collects them: three halves of its young generation, 16 MiB each. */
const garbageBytes = 48 * 1_048_576;
const mostSlowdown = 2;

type Round = Record<'without' | 'with', Half>;

export async function measureUnread(
  bench: Bench,
  watches: number,
  rounds: number,
  progress: (done: string) => void,
): Promise<Measurement[]> {
  // A worker for each: nobody's tasks wait behind the streaming ones.
  const workers = [await bench.startWorker('digits'), await bench.startWorker('pour')];
  const sleeper = await ClientProcess.start<SleeperRequest>('sleeper');
  const done: Round[] = [];
  try {
    // Not counted: code and connections get warm.
    await half(bench, sleeper, watches);
    for (let round = 1; round <= rounds; round++) {
      const without = await half(bench, sleeper, 0);
      done.push({ without, with: await half(bench, sleeper, watches) });
      progress(`${watches} watchers that read nothing: round ${round} of ${rounds}`);
    }
  } finally {
    sleeper.end();
  }
  for (const worker of workers) await bench.retire(worker);
  return [...memoryRows(done, watches), ...latencyRows(done)];
}

function memoryRows(done: readonly Round[], watches: number): Measurement[] {
  const peaks = (kind: keyof Round) => megabytes(median(done, (round) => round[kind].peak));
  const difference = median(done, (round) => round.with.peak - round.without.peak);
  const live = Math.max(...done.map((round) => round.with.live)) / watches;
  const lost = Math.max(...done.map((round) => round.with.lost));
  return [
    told(
      `${watches} watchers that read nothing, of ${tasks} streaming tasks: what they were sent`,
      megabytes(watches * chunk.count * chunk.bytes),
    ),
    told('what the server held more while they streamed: with them (without)', `${peaks('with')} (${peaks('without')})`),
    atMost('the difference, garbage included', difference, watches * watchBytes + garbageBytes, megabytes),
    atMost('live memory of the server for each of them in the end', live, watchBytes, kilobytes),
    atMost('such watches that the server ended', lost, 0, String),
  ];
}

function latencyRows(done: readonly Round[]): Measurement[] {
  const times = (of: (half: Half) => number) =>
    `${milliseconds(median(done, (round) => of(round.with)))} (${milliseconds(median(done, (round) => of(round.without)))})`;
  const ratio = (of: (half: Half) => number) => median(done, (round) => of(round.with) / of(round.without));
  const timesOver = (value: number) => `${value.toFixed(2)} times`;
  return [
    told(
      'predict of another client while they open and fill: p99, with them (without)',
      times(({ fillingP99 }) => fillingP99),
    ),
    told(
      'predict of another client afterwards: p50, with them (without)',
      times(({ p50 }) => p50),
    ),
    told(
      'predict of another client afterwards: p99, with them (without)',
      times(({ p99 }) => p99),
    ),
    told('p50 with them against without, median of rounds', timesOver(ratio(({ p50 }) => p50))),
    atMost(
      'p99 with them against without, median of rounds',
      ratio(({ p99 }) => p99),
      mostSlowdown,
      timesOver,
    ),
  ];
}

function median(done: readonly Round[], of: (round: Round) => number): number {
  return percentile(done.map(of), 0.5);
}
