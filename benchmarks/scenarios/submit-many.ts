/** How many tasks a second can be handed over, many to a message. */

import { type Inferq, startInferq } from '../contestants/inferq.ts';
import { smallInput, wireRequest } from '../inputs.ts';
import { cpuSeconds } from '../measure/cpu.ts';
import { drained, succeeded } from '../measure/drained.ts';
import { ghzOf, submitLoad } from '../measure/ghz.ts';
import { streamTasks } from '../measure/task-stream.ts';
import { type Contestant, ratio, type Scenario, type Setup } from '../scenario.ts';

const request = wireRequest('noop', 'x', smallInput, 0);
const perMessage = 32;
/** Enough to keep server and Redis busy at once: with a quarter of it either waits for the other. */
const open = 64 * perMessage;

/** Hands over so many tasks; resolves to the rate. */
type HandOver = (setup: Setup, address: string, tasks: number) => Promise<number>;

const stream: HandOver = async (_setup, address, tasks) => {
  const messages = tasks / perMessage;
  return tasks / (await streamTasks({ address, requests: [request], perMessage, messages, open, follow: false }));
};

const unary: HandOver = async (setup, address, total) =>
  (await submitLoad(ghzOf(setup), { address, request, total, concurrency: 64, connections: 4 })).callsPerSecond;

/** Hands over with no worker beside it, then lets one run everything to its end. */
async function round(setup: Setup, { server, client, work }: Inferq, handOver: HandOver, tasks: number) {
  const before = await succeeded(client);
  const cpu = cpuSeconds(server.pid);
  const rate = await handOver(setup, server.address, tasks);
  const perCpu = tasks / (cpuSeconds(server.pid) - cpu);
  const worker = await work('noop');
  await drained(client, before, tasks);
  await worker.stop();
  return { rate, perCpu };
}

function contestant(name: string, handOver: HandOver, tasks: number): Contestant {
  return {
    name,
    async start(setup) {
      const inferq = await startInferq(setup, { models: 'noop' });
      await inferq.worker?.stop();
      const amount = setup.quick ? 10 * perMessage : tasks;
      await round(setup, inferq, handOver, setup.quick ? amount : amount / 4);
      return { round: () => round(setup, inferq, handOver, amount), stop: () => inferq.stop() };
    },
  };
}

const streamed = 'inferq, 32 a message';
const single = 'inferq, unary';

export const submitMany: Scenario = {
  name: 'submit-many',
  about:
    'A 256-byte tensor submitted on one stream, 32 tasks a message, every outcome checked, against unary Submit under ghz; the worker runs the tasks after the clock has stopped. Tasks a second, and tasks for each second of CPU of the server.',
  columns: [
    { key: 'rate', title: 'tasks/s' },
    { key: 'perCpu', title: 'tasks per CPU second' },
  ],
  charted: 'rate',
  contestants: [contestant(streamed, stream, 64_000), contestant(single, unary, 16_000)],
  targets: [
    {
      what: 'tasks/s on the stream against unary calls',
      value: (median) => ratio(median(streamed, 'rate'), median(single, 'rate')),
      atLeast: 5,
    },
  ],
};
