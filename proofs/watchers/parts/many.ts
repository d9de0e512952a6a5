/** Many watches at once: what each costs the server and Redis, that each gets its end, and that nothing of them stays. */

import { type Memory, memoryOf } from '@inferq/test/support/memory.ts';
import type { Bench } from '../bench.ts';
import { digit } from '../bench.ts';
import { atMost, kilobytes, type Measurement, megabytes, milliseconds, none, percent, told } from '../measurement.ts';
import { peakDuring, redisBytes } from '../memory.ts';
import { perWatch, stepsOf } from './per-watch.ts';
import { Readers } from './readers.ts';

const watchBytes = 20_000;
/** How much more the server may hold after the last round than after the first one. */
const growth = 0.1;
const rounds = 3;
/** One watch in ten is of one and the same task. */
const sharedPart = 0.1;

interface Round {
  /** Per watch, at each step. */
  steps: { open: number; server: Memory; redis: number }[];
  ends: { ms: number; violations: string[] };
  /** What the server held at most meanwhile, garbage included. */
  peak: number;
  after: Memory;
}

export async function measureMany(bench: Bench, watches: number, progress: (done: string) => void): Promise<Measurement[]> {
  // Its model is known from now on; the tasks wait until another worker comes.
  await bench.retire(await bench.startWorker('digits'));
  const readers = await Readers.start();
  try {
    const done: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      done.push(await one(bench, readers, watches));
      progress(`${watches} watches: round ${round} of ${rounds}`);
    }
    return rows(done, watches);
  } finally {
    readers.end();
  }
}

async function one(bench: Bench, readers: Readers, watches: number): Promise<Round> {
  const shared = Math.round(watches * sharedPart);
  const own = await bench.submit(Array.from({ length: watches - shared }, () => digit));
  // Every tenth, so that each step has its part of them.
  const taskIds = Array.from({ length: watches }, (_, index) => own[index % 10 === 9 ? 0 : index - Math.floor(index / 10)] ?? own[0] ?? '');
  const { address, child, pid } = bench.server;
  const before = { server: await memoryOf(child), redis: await redisBytes(bench.redis.url) };
  const steps: Round['steps'] = [];
  const { peak, result } = await peakDuring(pid, async () => {
    let open = 0;
    for (const step of stepsOf(watches)) {
      await readers.open(address, taskIds.slice(open, step));
      open = step;
      const redis = ((await redisBytes(bench.redis.url)) - before.redis) / open;
      steps.push({ open, server: perWatch(before.server, await memoryOf(child), open), redis });
    }
    const worker = await bench.startWorker('digits');
    const ends = await readers.ends();
    await readers.close();
    await bench.retire(worker);
    return ends;
  });
  const { first, last, ended, violations } = result;
  if (ended + violations.length !== watches) violations.push(`${watches - ended} watches are unaccounted for`);
  return { steps, ends: { ms: last - first, violations }, peak, after: await memoryOf(child) };
}

function rows(done: readonly Round[], watches: number): Measurement[] {
  const [first, last] = [done[0] as Round, done.at(-1) as Round];
  const most = (kind: keyof Memory) => Math.max(...done.map(({ steps }) => steps.at(-1)?.server[kind] ?? Number.NaN));
  const grown = (kind: keyof Memory) => last.after[kind] / first.after[kind] - 1;
  return [
    ...first.steps.map(({ open, server, redis }) =>
      told(
        `${open} watches: memory of the server per watch, resident, live; of Redis`,
        [server.resident, server.live, redis].map(kilobytes).join(', '),
      ),
    ),
    atMost(
      `${watches} watches: memory of the server per watch, resident, most of ${done.length} rounds`,
      most('resident'),
      watchBytes,
      kilobytes,
    ),
    atMost(`${watches} watches: memory of the server per watch, live, most of ${done.length} rounds`, most('live'), watchBytes, kilobytes),
    none(
      `${watches} watches, ${done.length} times: ends that did not come`,
      done.flatMap(({ ends }) => ends.violations),
    ),
    told(
      `all ${watches} tasks run and end: from the first terminal event to the last`,
      done.map(({ ends }) => milliseconds(ends.ms)).join(', '),
    ),
    told('the most that the server held in each round, garbage included', done.map(({ peak }) => megabytes(peak)).join(', ')),
    told(
      'memory of the server after each round, resident (live)',
      done.map(({ after }) => `${megabytes(after.resident)} (${megabytes(after.live)})`).join(', '),
    ),
    atMost('growth of the resident memory from the first round to the last', grown('resident'), growth, percent),
    atMost('growth of the live memory from the first round to the last', grown('live'), growth, percent),
  ];
}
