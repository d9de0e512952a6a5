/** More executors, and more pools. */

import type { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { startInferq } from '../contestants/inferq.ts';
import { checkEcho, smallInput, wireRequest } from '../inputs.ts';
import { streamTasks } from '../measure/task-stream.ts';
import { type Contestant, ratio, type Scenario, type Target } from '../scenario.ts';

const runMs = 50;
/** Tasks of a run of the sleeping model. */
const perRun = 8;
const runsPerExecutor = 60;
const openTasks = 4_096;
const executorCounts = [1, 2, 4, 8];
const poolCounts = [1, 12];
const poolTasks = 48_000;
const perMessage = 48;

function executorsName(count: number): string {
  return `inferq, ${count} executor${count === 1 ? '' : 's'}`;
}

function poolsName(count: number): string {
  return `inferq, ${count} pool${count === 1 ? '' : 's'}`;
}

/** Executors of a model that sleeps: more of them than cores cost nothing but their upkeep. */
function executors(count: number): Contestant {
  return {
    name: executorsName(count),
    async start(setup) {
      const devices = Array.from({ length: count }, () => 'cpu').join(',');
      const inferq = await startInferq(setup, { models: 'sleeper', worker: ['--devices', devices] });
      const parameters = new Map([['ms', { value: { $case: 'int64Param' as const, value: BigInt(runMs) } }]]);
      const request = { ...wireRequest('sleeper', 'x', [1], 0), parameters };
      const load = { address: inferq.server.address, requests: [request], perMessage: perRun, open: openTasks, follow: true };
      const round = async (runs: number) => {
        const seconds = await streamTasks({ ...load, messages: runs * count });
        return { rate: (runs * count * perRun) / seconds };
      };
      await round(10);
      return { round: () => round(setup.quick ? 3 : runsPerExecutor), stop: () => inferq.stop() };
    },
  };
}

/** One executor that serves so many queues, all of them full, in equal shares. */
function pools(count: number): Contestant {
  return {
    name: poolsName(count),
    async start(setup) {
      const queues = Array.from({ length: count }, (_, index) => `queue-${index}`);
      const shares = queues.map((queue) => `${queue}:1`).join(',');
      const inferq = await startInferq(setup, { models: 'noop-32', worker: ['--queues', shares] });
      const requests: SubmitRequest[] = queues.map((queue) => ({ ...wireRequest('noop-32', 'x', smallInput, 0), queue }));
      const [request] = requests as [SubmitRequest];
      const load = { address: inferq.server.address, requests, perMessage, open: openTasks, follow: true };
      const round = async (tasks: number) => {
        const seconds = await streamTasks({ ...load, messages: tasks / perMessage, onEnd: (task) => checkEcho(task, request) });
        return { rate: tasks / seconds };
      };
      await round(setup.quick ? 10 * perMessage : poolTasks / 4);
      return { round: () => round(setup.quick ? 10 * perMessage : poolTasks), stop: () => inferq.stop() };
    },
  };
}

export const workers: Scenario = {
  name: 'workers',
  about:
    'Tasks a second, followed on one stream. Executors: 1 to 8 of them with a model that sleeps for 50 ms and takes 8 tasks at a time. Pools: one executor that serves the no-op model from 1 and from 12 full queues.',
  columns: [{ key: 'rate', title: 'tasks/s' }],
  charted: 'rate',
  contestants: [...executorCounts.map(executors), ...poolCounts.map(pools)],
  targets: [
    ...executorCounts.slice(1).map(
      (count): Target => ({
        what: `tasks/s of ${count} executors against ${count} times those of one`,
        value: (median) => ratio(median(executorsName(count), 'rate'), (median(executorsName(1), 'rate') ?? 0) * count),
        atLeast: 0.9,
        atMost: 1.1,
      }),
    ),
    {
      what: 'tasks/s from 12 pools against those from one',
      value: (median) => ratio(median(poolsName(12), 'rate'), median(poolsName(1), 'rate')),
      atLeast: 0.9,
    },
  ],
};
