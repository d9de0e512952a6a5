/** A long queue. */

import { type Inferq, startInferq } from '../contestants/inferq.ts';
import { startQueueExecutor } from '../contestants/queue-executor.ts';
import { clientRequest, smallInput, wireRequest } from '../inputs.ts';
import { dataBytes, rewritten } from '../measure/redis-memory.ts';
import { streamTasks } from '../measure/task-stream.ts';
import { type Contestant, type Figures, ratio, type Scenario } from '../scenario.ts';

const model = 'noop-32';
const request = wireRequest(model, 'x', smallInput, 0);
const payloadBytes = smallInput.length * 4;
const batch = 32;
/** Tasks taken from a full queue before it is filled up again. */
const burst = 30 * batch;
const bursts = 60;

/** Submits so many tasks that nobody runs yet. */
type Fill = (inferq: Inferq, tasks: number) => Promise<void>;

const plain: Fill = async ({ server }, tasks) => {
  const perMessage = Math.min(240, tasks);
  const load = { address: server.address, requests: [request], perMessage, open: 16 * perMessage, follow: false };
  await streamTasks({ ...load, messages: Math.ceil(tasks / perMessage) });
};

/** Our client gives every task a key. */
const keyed: Fill = async ({ client }, tasks) => {
  const submit = clientRequest(model, 'x', smallInput);
  const items = Array.from({ length: tasks }, () => ({ submit }));
  for await (const output of client.submitMany(items)) if (output.kind === 'refused') throw output.error;
};

/** An inferq that knows the model and has no worker. */
async function startIdle(setup: Parameters<Contestant['start']>[0]): Promise<Inferq> {
  const inferq = await startInferq(setup, { models: model });
  await inferq.worker?.stop();
  return inferq;
}

/** Fills the queue; resolves to the bytes that Redis keeps for each task besides its payload. */
async function fillMeasured({ admin, ...inferq }: Inferq, fill: Fill, tasks: number): Promise<number> {
  const before = await dataBytes(admin);
  await fill({ admin, ...inferq }, tasks);
  return ((await dataBytes(admin)) - before) / tasks - payloadBytes;
}

/** The rate at a depth, and the memory of what lies there. */
function deep(name: string, queued: number): Contestant {
  return {
    name,
    async start(setup) {
      const inferq = await startIdle(setup);
      const depth = setup.quick ? Math.min(queued, 2 * burst) : Math.ceil(queued / burst) * burst;
      const bytes = await fillMeasured(inferq, plain, depth);
      const output = new Uint8Array(payloadBytes);
      const executor = await startQueueExecutor({ url: inferq.redis.url, model, queue: 'default', batch, output });
      const round = async (times: number): Promise<Figures> => {
        let seconds = 0;
        for (let time = 0; time < times; time++) {
          await rewritten(inferq.admin);
          seconds += await executor.complete(burst);
          await plain(inferq, burst);
        }
        // Of a short queue the memory of other things is too large a part.
        return { rate: (times * burst) / seconds, ...(queued > 10 * burst ? { bytes } : {}) };
      };
      await round(setup.quick ? 1 : 5);
      return {
        round: () => round(setup.quick ? 1 : bursts),
        async stop() {
          await executor.close();
          await inferq.stop();
        },
      };
    },
  };
}

/** The memory of tasks with idempotency keys. */
function remembered(name: string, queued: number): Contestant {
  return {
    name,
    async start(setup) {
      const inferq = await startIdle(setup);
      const tasks = setup.quick ? 1_000 : queued;
      const round = async (): Promise<Figures> => {
        const bytes = await fillMeasured(inferq, keyed, tasks);
        // Its file is written anew behind its back, which the next contestant must not feel.
        await rewritten(inferq.admin);
        return { bytes };
      };
      return { round, stop: () => inferq.stop() };
    },
  };
}

const short = 'inferq, 1,000 queued';
const long = 'inferq, 1,000,000 queued';
const keys = 'inferq, 100,000 with idempotency keys';

export const backlog: Scenario = {
  name: 'backlog',
  about:
    'Claim and complete in batches of 32, 256-byte tensors, from a short and from a long queue that is filled up again while the clock stands: tasks a second, and what Redis keeps for a queued task besides its tensor.',
  columns: [
    { key: 'rate', title: 'tasks/s' },
    { key: 'bytes', title: 'bytes above the payload' },
  ],
  charted: 'rate',
  contestants: [deep(short, 1_000), deep(long, 1_000_000), remembered(keys, 100_000)],
  targets: [
    {
      what: 'rate with 1,000,000 queued against that with 1,000',
      value: (median) => ratio(median(long, 'rate'), median(short, 'rate')),
      atLeast: 0.9,
      atMost: 1.1,
    },
    { what: 'bytes of a queued task above its payload', value: (median) => median(long, 'bytes'), atMost: 600 },
    { what: 'bytes with an idempotency key', value: (median) => median(keys, 'bytes'), atMost: 800 },
  ],
};
