/** What a task costs Redis. */

import type { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Task } from '@inferq/proto/gen/inferq/v1/task.ts';
import { type Inferq, startInferq } from '../contestants/inferq.ts';
import { checkEcho, smallInput, wireRequest } from '../inputs.ts';
import { callsByVerb, callsDuring, type RedisCall } from '../measure/redis-calls.ts';
import { costSince, redisCost } from '../measure/redis-cost.ts';
import { streamTasks } from '../measure/task-stream.ts';
import { UnaryClient } from '../measure/unary.ts';
import type { Contestant, Figures, Scenario, Setup } from '../scenario.ts';

const batch = 32;
/** Batches on their way at a time, so that a full one waits whenever the worker settles. */
const openBatches = 4;
const waitSeconds = 30;

/** Runs so many tasks to their ends, each handed to `onEnd`. */
type Work = (inferq: Inferq, request: SubmitRequest, tasks: number, onEnd: (task: Task) => void) => Promise<void>;

const oneByOne: Work = async ({ server }, request, tasks, onEnd) => {
  const client = new UnaryClient(server.address);
  for (let count = 0; count < tasks; count++) onEnd((await client.submit(request)).task as Task);
  client.close();
};

const inBatches: Work = async ({ server }, request, tasks, onEnd) => {
  const messages = Math.ceil(tasks / batch);
  await streamTasks({
    address: server.address,
    requests: [request],
    perMessage: batch,
    messages,
    open: openBatches * batch,
    follow: true,
    onEnd,
  });
};

/** Runs `work` and looks at every task; `batches` is how many batches the worker made of them. */
async function checked(work: Work, inferq: Inferq, request: SubmitRequest, tasks: number): Promise<{ batches: number }> {
  let [ended, batches] = [0, 0];
  await work(inferq, request, tasks, (task) => {
    checkEcho(task, request);
    ended++;
    batches += 1 / (task.execution?.batchTasks ?? 1);
  });
  if (ended !== tasks) throw new Error(`${ended} of ${tasks} tasks ended`);
  return { batches };
}

/** The connections that claim: the executors'. */
function workerCalls(calls: readonly RedisCall[]): RedisCall[] {
  const executors = new Set(calls.filter(({ verb }) => verb === 'claim').map(({ client }) => client));
  return calls.filter(({ client }) => executors.has(client));
}

async function round(setup: Setup, inferq: Inferq, request: SubmitRequest, work: Work, tasks: number): Promise<Figures> {
  const before = await redisCost(inferq.admin);
  const { batches } = await checked(work, inferq, request, tasks);
  const { scriptMicros, cpuMicros, scripts } = costSince(before, await redisCost(inferq.admin));
  const probed = Math.ceil(tasks / 8 / batch) * batch;
  let probedBatches = 0;
  const calls = await callsDuring(inferq.admin, async () => {
    probedBatches = (await checked(work, inferq, request, probed)).batches;
  });
  setup.say(`    Redis was called for ${probed} tasks: ${callsByVerb(calls)}`);
  return {
    script: scriptMicros / tasks,
    cpu: cpuMicros / tasks,
    calls: scripts / tasks,
    batch: tasks / batches,
    trips: workerCalls(calls).length / probedBatches,
  };
}

function contestant(name: string, model: string, seconds: number, work: Work, amount: number): Contestant {
  return {
    name,
    async start(setup) {
      const inferq = await startInferq(setup, { models: model });
      const request = wireRequest(model, 'x', smallInput, seconds);
      await checked(work, inferq, request, setup.quick ? batch : 1_024);
      return { round: () => round(setup, inferq, request, work, setup.quick ? 2 * batch : amount), stop: () => inferq.stop() };
    },
  };
}

const single = 'inferq, single';
const batches = 'inferq, batches of 32';

export const redisCosts: Scenario = {
  name: 'redis-cost',
  about:
    'What Redis spends on a task from submit to its answer, by its own account: microseconds inside scripts, all of its CPU, script calls, and what the worker sends for each batch.',
  columns: [
    { key: 'script', title: 'script us per task', digits: 1 },
    { key: 'cpu', title: 'CPU us per task', digits: 1 },
    { key: 'calls', title: 'script calls per task', digits: 2 },
    { key: 'batch', title: 'tasks per batch', digits: 1 },
    { key: 'trips', title: "worker's round trips per batch", digits: 2 },
  ],
  charted: 'cpu',
  contestants: [contestant(single, 'noop-32', waitSeconds, oneByOne, 4_000), contestant(batches, 'noop-32', 0, inBatches, 100 * 1_024)],
  targets: [
    { what: 'script time of a single task, us', value: (median) => median(single, 'script'), atMost: 60 },
    { what: 'script time of a task in batches of 32, us', value: (median) => median(batches, 'script'), atMost: 30 },
    { what: 'CPU of a single task, us', value: (median) => median(single, 'cpu'), atMost: 120 },
    { what: 'CPU of a task in batches of 32, us', value: (median) => median(batches, 'cpu'), atMost: 40 },
    { what: "worker's round trips for each batch of 32", value: (median) => median(batches, 'trips'), atMost: 1 },
  ],
};
