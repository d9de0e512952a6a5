/** An executor is killed in the middle of a batch, while another one of its worker is free. */

import { signal } from '../../chaos/fleet/children.ts';
import type { Bench, Submitted } from '../bench.ts';
import { type Measurement, measurement } from '../measurement.ts';

const batch = 8;
const firstFreeMs = 150;
const lastFreeMs = 500;
/** Longer than any round: these tasks are cancelled. */
const runMs = 30_000;
/** Each quick death doubles the wait for the next executor: a new worker starts from the shortest again. */
const roundsEach = 6;
const targetMs = 1_000;

export async function measureKilledExecutor(bench: Bench, rounds: number, progress: (done: string) => void): Promise<Measurement[]> {
  const queued = measurement('executor killed in mid-batch: all its tasks are queued again', 'Redis', targetMs);
  const running = measurement('executor killed in mid-batch: the first of its tasks runs', 'model', targetMs);
  let worker = await bench.startWorker();
  for (let round = 1; round <= rounds; round++) {
    await bench.whole(worker);
    await strike(bench, queued, running);
    progress(`executor killed: ${round} of ${rounds}`);
    if (round % roundsEach > 0 || round === rounds) continue;
    const next = await bench.startWorker();
    await bench.retire(worker);
    worker = next;
  }
  await bench.retire(worker);
  return [queued, running];
}

async function strike(bench: Bench, queued: Measurement, running: Measurement): Promise<void> {
  const tasks = await oneBatch(bench);
  const runs = await bench.started(tasks, 1);
  const pids = new Set(runs.map(({ pid }) => pid));
  const [victim] = pids;
  if (victim === undefined || pids.size !== 1) throw new Error(`the tasks did not come as one batch, but to ${pids.size} executors`);
  const struckAt = Date.now();
  signal(victim, 'SIGKILL');
  const again = await firstAgain(bench, tasks);
  await bench.cancelAll(tasks);
  const ended = await bench.ended(tasks);
  const crashes = ended.flatMap(({ earlierExecutions: [first] }) => (first?.error?.code === 'EXECUTOR_CRASHED' ? first : []));
  if (crashes.length < batch) queued.violations.push(`${batch - crashes.length} of ${batch} tasks tell nothing of the crash`);
  const charged = ended.filter(({ chargedAttempts }) => chargedAttempts > 0);
  if (charged.length > 0) queued.violations.push(`${charged.length} suspects of ${batch} were charged an attempt`);
  queued.samples.push(Math.max(...crashes.map(({ endTime }) => endTime?.getTime() ?? Number.POSITIVE_INFINITY)) - struckAt);
  running.samples.push(again - struckAt);
}

/** Tasks that one executor runs together, while the other one is free: both were held by one task each, and one came free first. */
async function oneBatch(bench: Bench): Promise<Submitted[]> {
  for (;;) {
    const first = await bench.submit('busy', firstFreeMs);
    const [one] = await bench.started([first], 1);
    const last = await bench.submit('busy', lastFreeMs);
    const [other] = await bench.started([last], 1);
    // The same executor ran both where the other one has not gone to work yet: then it is not up.
    const bothUp = one?.pid !== other?.pid;
    const tasks = bothUp ? await Promise.all(Array.from({ length: batch }, () => bench.submit('stream', runMs))) : [];
    await bench.ended([first, last]);
    if (bothUp) return tasks;
  }
}

/** When the first of the tasks started a second time. */
async function firstAgain(bench: Bench, tasks: readonly Submitted[]): Promise<number> {
  const runs = await Promise.any(tasks.map((task) => bench.started([task], 2)));
  return Math.min(...runs.map(({ startedAt }) => startedAt), ...tasks.flatMap((task) => bench.runsOf(task)[1]?.startedAt ?? []));
}
