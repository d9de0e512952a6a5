/** How many tasks a second go all the way: submitted, run, and their results known at the client. */

import { startBullmq } from '../contestants/bullmq.ts';
import { type Pool, startCelery } from '../contestants/celery.ts';
import { followTasks } from '../contestants/follow.ts';
import { startInferq } from '../contestants/inferq.ts';
import type { PeerQueue } from '../contestants/peer-queue.ts';
import { treeCpuSeconds } from '../measure/cpu.ts';
import { smallSamples } from '../samples.ts';
import { type Contestant, type Median, type Peer, ratio, type Scenario, type Setup } from '../scenario.ts';

const quickTasks = 200;
const warmUpRounds = 3;

const ours: Contestant = {
  name: 'inferq',
  async start(setup) {
    const inferq = await startInferq(setup, { models: 'noop' });
    const load = { client: inferq.client, model: 'noop', input: 'x', output: 'y', samples: smallSamples };
    const tasks = setup.quick ? quickTasks : 40_000;
    for (let round = 0; round < warmUpRounds; round++) await followTasks(load, tasks / 8);
    const { server, worker, redis } = inferq;
    const used = () => [server, worker, redis].map((one) => (one === undefined ? 0 : treeCpuSeconds(one.pid)));
    return {
      async round() {
        const before = used();
        const seconds = await followTasks(load, tasks);
        const [serverCpu = 0, workerCpu = 0, redisCpu = 0] = used().map((after, index) => ((after - (before[index] ?? 0)) * 1e6) / tasks);
        return { rate: tasks / seconds, serverCpu, workerCpu, redisCpu };
      },
      stop: () => inferq.stop(),
    };
  },
};

function theirs(name: string, peer: Peer, tasks: number, start: (setup: Setup) => Promise<PeerQueue>): Contestant {
  return {
    name,
    peer,
    async start(setup) {
      const queue = await start(setup);
      const amount = setup.quick ? quickTasks : tasks;
      for (let round = 0; round < warmUpRounds; round++) await queue.throughput(Math.ceil(amount / 8), smallSamples);
      return {
        round: async () => ({ rate: amount / (await queue.throughput(amount, smallSamples)) }),
        stop: () => queue.stop(),
      };
    },
  };
}

function celery(pool: Pool, concurrency: number): Contestant {
  const name = pool === 'solo' ? 'celery' : `celery, ${pool}`;
  return theirs(name, 'celery', 1_500, (setup) => startCelery(setup, 'noop', pool, concurrency));
}

function bullmq(verb: 'add' | 'addBulk', concurrency: number, tasks: number): Contestant {
  return theirs(`bullmq, ${verb}, ${concurrency} at a time`, 'bullmq', tasks, (setup) => startBullmq(setup, 'noop', verb, concurrency));
}

const celeries = [celery('solo', 1), celery('threads', 2), celery('prefork', 2)];
const bullmqs = [bullmq('add', 1, 6_000), bullmq('addBulk', 1, 6_000), bullmq('add', 50, 15_000), bullmq('addBulk', 50, 15_000)];

/** Of these, the best. */
function best(contestants: readonly Contestant[], median: Median): number | undefined {
  const rates = contestants.map(({ name }) => median(name, 'rate')).filter((rate) => rate !== undefined);
  return rates.length === 0 ? undefined : Math.max(...rates);
}

export const endToEnd: Scenario = {
  name: 'end-to-end',
  about:
    'From submit to the result known at the client, the no-op model, saturated: tasks a second. Ours go over gRPC on one stream, and their ends are followed; microseconds are CPU time of each of our processes for a task.',
  columns: [
    { key: 'rate', title: 'tasks/s' },
    { key: 'serverCpu', title: 'server us', digits: 1 },
    { key: 'workerCpu', title: 'worker us', digits: 1 },
    { key: 'redisCpu', title: 'Redis us', digits: 1 },
  ],
  charted: 'rate',
  contestants: [ours, ...celeries, ...bullmqs],
  targets: [
    {
      what: "tasks/s against Celery's best",
      value: (median) => ratio(median('inferq', 'rate'), best(celeries, median)),
      atLeast: 20,
      aim: 40,
    },
    {
      what: "tasks/s against BullMQ's best",
      value: (median) => ratio(median('inferq', 'rate'), best(bullmqs, median)),
      atLeast: 2,
      aim: 3,
    },
  ],
};
