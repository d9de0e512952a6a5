/** A whole worker is gone, in one of three ways, while another one is free: nobody is left to tell. */

import { identify, isRunning, type ProcessIdentity } from '@inferq/cli/up/process-identity.ts';
import type { TestProcess } from '@inferq/test/support/stack.ts';
import { childrenOf, signal } from '../../chaos/fleet/children.ts';
import { type Bench, leaseMs } from '../bench.ts';
import { type Measurement, measurement } from '../measurement.ts';

const tasksEach = 4;
/** A free one for each task, however many claims bring them back: a call of the model keeps its executor until its last task ends. */
const executors = tasksEach;
/** Longer than any round: these tasks are cancelled. */
const runMs = 50_000;
const targetMs = leaseMs + 2_000;

interface Way {
  what: string;
  strike(supervisor: number, executors: readonly number[]): void;
}

const ways: Way[] = [
  {
    what: 'supervisor killed, its executors end themselves',
    strike: (supervisor) => signal(supervisor, 'SIGKILL'),
  },
  {
    what: 'supervisor and executors killed at once',
    strike: (supervisor, executors) => {
      for (const pid of [...executors, supervisor]) signal(pid, 'SIGKILL');
    },
  },
  {
    what: 'supervisor and executors frozen',
    strike: (supervisor, executors) => {
      for (const pid of [supervisor, ...executors]) signal(pid, 'SIGSTOP');
    },
  },
];

export async function measureGoneWorker(bench: Bench, rounds: number, progress: (done: string) => void): Promise<Measurement[]> {
  const all: Measurement[] = [];
  let worker = await bench.startWorker(executors);
  for (const way of ways) {
    const measured = measurement(`${way.what}: every task runs again elsewhere`, 'model', targetMs);
    all.push(measured);
    for (let round = 1; round <= rounds; round++) {
      worker = await strike(bench, worker, way, measured);
      progress(`${way.what}: ${round} of ${rounds}`);
    }
  }
  await bench.retire(worker);
  return all;
}

/** Strikes the worker; resolves to the one that took over. */
async function strike(bench: Bench, victim: TestProcess, way: Way, measured: Measurement): Promise<TestProcess> {
  const tasks = await Promise.all(Array.from({ length: tasksEach }, () => bench.submit('stream', runMs)));
  await bench.started(tasks, 1);
  const heir = await bench.startWorker(executors);
  await bench.whole(heir, executors);
  const victims = childrenOf(victim.pid);
  const gone: ProcessIdentity[] = victims.map(identify);
  const struckAt = Date.now();
  way.strike(victim.pid, victims);
  const runs = await bench.started(tasks, 2);
  measured.samples.push(...runs.map(({ startedAt }) => startedAt - struckAt));
  const outlived = gone.filter(isRunning).length;
  if (outlived > 0 && victim.child.signalCode !== null) measured.violations.push(`${outlived} executors outlived their supervisor`);
  for (const pid of victims) signal(pid, 'SIGKILL');
  bench.kill(victim);
  await bench.cancelAll(tasks);
  const strange = (await bench.ended(tasks)).filter(({ earlierExecutions: [first] }) => first?.error?.code !== 'WORKER_LOST');
  if (strange.length > 0) measured.violations.push(`${strange.length} of ${tasksEach} tasks do not name WORKER_LOST`);
  return heir;
}
