/** Redis stands still for 30 s under tasks that last longer, while another worker is free to take them. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, leaseMs } from '../bench.ts';
import { type Measurement, measurement } from '../measurement.ts';

const frozenMs = 30_000;
const streams = 8;
/** Who takes back what was lost does so only after a lease of contact: it has had that before the freeze, and has it once more after. */
const contactMs = leaseMs + 2_000;
const startMs = 10_000;
const runMs = startMs + contactMs + frozenMs + contactMs;

export interface Frozen {
  /** Tasks that ran meanwhile. */
  owned: number;
  /** Those that did not stay their owner's. */
  taken: number;
  measurements: Measurement[];
}

export async function measureFrozenRedis(bench: Bench, rounds: number, progress: (done: string) => void): Promise<Frozen> {
  const after = measurement(`Redis frozen for ${frozenMs / 1_000} s: a task submitted at the thaw is done`, 'client');
  const frozen: Frozen = { owned: 0, taken: 0, measurements: [after] };
  for (let round = 1; round <= rounds; round++) {
    await strike(bench, frozen, after);
    progress(`Redis frozen: ${round} of ${rounds}`);
  }
  return frozen;
}

async function strike(bench: Bench, frozen: Frozen, after: Measurement): Promise<void> {
  const owner = await bench.startWorker();
  const limit = { hardTimeLimitMs: 2 * runMs };
  // One executor is caught in a native call, as it were; the other one streams.
  const tasks = [await bench.submit('busy', runMs, limit)];
  await bench.started(tasks, 1);
  tasks.push(...(await Promise.all(Array.from({ length: streams }, () => bench.submit('stream', runMs, limit)))));
  await bench.started(tasks, 1);
  const other = await bench.startWorker();
  await pause(contactMs);

  bench.redis.freeze();
  await pause(frozenMs);
  const thawedAt = Date.now();
  bench.redis.thaw();
  const [echo] = await bench.ended([await bench.submit('echo')]);
  after.samples.push(Date.now() - thawedAt);
  if (echo?.state !== 'SUCCEEDED') after.violations.push(`the task submitted at the thaw is ${echo?.state}`);

  for (const task of await bench.ended(tasks)) {
    frozen.owned++;
    if (task.state === 'SUCCEEDED' && task.attempt === 1 && task.earlierExecutions.length === 0) continue;
    frozen.taken++;
    const history = task.earlierExecutions.map(({ attempt, executor, error }) => `attempt ${attempt} on ${executor}: ${error?.code}`);
    after.violations.push(`task ${task.id} was taken from its owner: ${task.state} in attempt ${task.attempt}, ${history.join(', ')}`);
  }
  await Promise.all([bench.retire(owner), bench.retire(other)]);
}
