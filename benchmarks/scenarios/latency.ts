/** How long one task takes on an idle system. */

import type { InferqClient, SubmitRequest } from '@inferq/client/index.ts';
import { startBullmq } from '../contestants/bullmq.ts';
import { startCelery } from '../contestants/celery.ts';
import { startDirect } from '../contestants/direct.ts';
import { startFastapiCelery } from '../contestants/fastapi-celery.ts';
import { startInferq } from '../contestants/inferq.ts';
import type { PeerQueue } from '../contestants/peer-queue.ts';
import { checkSame, clientRequest, digit, wireRequest } from '../inputs.ts';
import { openLoop } from '../measure/open-loop.ts';
import { percentile } from '../measure/statistics.ts';
import { UnaryClient } from '../measure/unary.ts';
import { modelFile } from '../repository.ts';
import { digitSamples, type Sample } from '../samples.ts';
import { type Contestant, type Median, type Peer, ratio, type Scenario, type Setup } from '../scenario.ts';

const model = 'digits';
const usualRate = 40;
const roundSeconds = 8;
/** The first thousand tasks are slower: warming up takes so long, at so many times the rate. */
const warmUpSeconds = 5;
const warmUpFactor = 5;

interface Timed {
  /** Milliseconds of so many tasks, sent `rate` a second; answers are checked. */
  latency(rate: number, count: number): Promise<number[]>;
  stop(): Promise<void>;
}

function contestant(name: string, peer: Peer | undefined, start: (setup: Setup) => Promise<Timed>, rate = usualRate): Contestant {
  return {
    name,
    ...(peer === undefined ? {} : { peer }),
    async start(setup) {
      const timed = await start(setup);
      const count = (seconds: number, perSecond: number) => (setup.quick ? 10 : seconds * perSecond);
      await timed.latency(rate * warmUpFactor, count(warmUpSeconds, rate * warmUpFactor));
      return {
        async round() {
          const waits = await timed.latency(rate, count(roundSeconds, rate));
          return { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
        },
        stop: () => timed.stop(),
      };
    },
  };
}

/** Tasks that are sent from this process: `send` resolves to the logits. */
function sending(send: () => Promise<Float32Array>, [sample]: readonly Sample[], stop: () => Promise<void>): Timed {
  const checked = async () => checkSame(await send(), sample?.expected ?? []);
  return { latency: (rate, count) => openLoop({ rate, count, send: checked }), stop };
}

/** Tasks that are sent by the peer's own client. */
async function driven(setup: Setup, queue: PeerQueue): Promise<Timed> {
  const samples = await digitSamples(setup);
  return { latency: (rate, count) => queue.latency(rate, count, samples), stop: () => queue.stop() };
}

async function ours(setup: Setup, send: (client: InferqClient, request: SubmitRequest) => Promise<Float32Array>): Promise<Timed> {
  const samples = await digitSamples(setup);
  const inferq = await startInferq(setup, { models: model });
  const request = clientRequest(model, 'image', digit);
  return sending(
    () => send(inferq.client, request),
    samples,
    () => inferq.stop(),
  );
}

async function predicted(client: InferqClient, request: SubmitRequest): Promise<Float32Array> {
  const { outputs } = await client.predict(request);
  return outputs.logits?.data as Float32Array;
}

async function watched(client: InferqClient, request: SubmitRequest): Promise<Float32Array> {
  const { taskId } = await client.submit(request);
  let logits: Float32Array | undefined;
  for await (const event of client.watch(taskId)) {
    if ('task' in event && event.task.state === 'SUCCEEDED') logits = event.task.outputs.logits?.data as Float32Array;
  }
  if (logits === undefined) throw new Error('a watched task did not succeed');
  return logits;
}

async function direct(setup: Setup): Promise<Timed> {
  const samples = await digitSamples(setup);
  const server = await startDirect(modelFile(setup.repository, model));
  const client = new UnaryClient(server.address);
  const request = wireRequest(model, 'image', digit, 0);
  const send = async () => {
    const data = (await client.submit(request)).task?.outputs[0]?.data;
    return new Float32Array(new Uint8Array(data?.$case === 'raw' ? data.value : []).buffer);
  };
  return sending(send, samples, async () => {
    client.close();
    await server.stop();
  });
}

const against = (column: string, over: string, under: string) => (median: Median) => ratio(median(over, column), median(under, column));

export const latency: Scenario = {
  name: 'latency',
  about:
    'One task at a time on an idle system, the digits model, from the intended send time to the result at the client: milliseconds. "wait" is one call that waits (predict), "watch" submits and then watches; peers use their own clients.',
  columns: [
    { key: 'p50', title: 'p50 ms', digits: 2 },
    { key: 'p99', title: 'p99 ms', digits: 2 },
  ],
  charted: 'p50',
  contestants: [
    contestant('inferq, wait', undefined, (setup) => ours(setup, predicted)),
    contestant('inferq, watch', undefined, (setup) => ours(setup, watched)),
    contestant('direct', 'direct', direct),
    contestant('bullmq', 'bullmq', async (setup) => driven(setup, await startBullmq(setup, model, 'add', 1))),
    contestant('celery', 'celery', async (setup) => driven(setup, await startCelery(setup, model, 'solo', 1))),
    contestant('fastapi-celery, 10 ms', 'fastapi-celery', async (setup) => driven(setup, await startFastapiCelery(setup, model, 10))),
    contestant('fastapi-celery, 100 ms', 'fastapi-celery', async (setup) => driven(setup, await startFastapiCelery(setup, model, 100)), 5),
  ],
  targets: [
    { what: "p50 with wait against direct's", value: against('p50', 'inferq, wait', 'direct'), atMost: 2.2, aim: 1.6 },
    { what: "p50 with watch against direct's", value: against('p50', 'inferq, watch', 'direct'), atMost: 3 },
    { what: "p99 with wait against direct's", value: against('p99', 'inferq, wait', 'direct'), atMost: 3 },
    { what: "p50 with wait against BullMQ's", value: against('p50', 'inferq, wait', 'bullmq'), atMost: 1 },
    { what: "Celery's p50 against ours with wait", value: against('p50', 'celery', 'inferq, wait'), atLeast: 2.5 },
    {
      what: "FastAPI with Celery's p50, polled every 100 ms, against ours with wait",
      value: against('p50', 'fastapi-celery, 100 ms', 'inferq, wait'),
      atLeast: 100,
    },
  ],
};
