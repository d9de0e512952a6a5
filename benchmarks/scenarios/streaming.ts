/** Text, piece by piece. */

import { type InferqClient, tensor, texts } from '@inferq/client/index.ts';
import { startInferq } from '../contestants/inferq.ts';
import { startProgram } from '../contestants/program.ts';
import { percentile } from '../measure/statistics.ts';
import type { StreamRequest } from '../peers/handler/request.ts';
import { type Contestant, type Median, ratio, type Scenario, type Target } from '../scenario.ts';

const model = 'charlm';
const counts = [1, 16, 64];
const quickStreams = 3;

function oursName(streams: number): string {
  return `inferq, ${streams} stream${streams === 1 ? '' : 's'}`;
}

function handlerName(streams: number): string {
  return `handler alone, ${streams} stream${streams === 1 ? '' : 's'}`;
}

/** Streams of a round. Their lengths differ, so that they do not all end and begin together. */
function requestsOf(total: number): StreamRequest[] {
  return Array.from({ length: total }, (_, seed) => ({
    prompt: 'Once upon a time',
    max_tokens: 120 + 4 * ((seed * 17) % 41),
    temperature: 0.8,
    seed,
  }));
}

function totalOf(streams: number, quick: boolean): number {
  return quick ? quickStreams : 30 + 6 * streams;
}

interface Times {
  /** From submit to the first chunk. */
  firsts: number[];
  /** From one chunk to the next: each stream's mean, because several may come in one message. */
  gaps: number[];
  chunks: number;
}

/** One stream from submit to its end. Throws where a chunk is missing, comes out of order, or does not belong to the text. */
async function stream(client: InferqClient, { prompt, ...parameters }: StreamRequest, times: Times): Promise<void> {
  const submit = { model, inputs: { prompt: tensor.strings([1], [prompt]) }, parameters };
  const began = performance.now();
  let first = began;
  let next = 0;
  let streamed = '';
  for await (const output of client.submitMany([{ submit, follow: true }])) {
    if (output.kind === 'refused') throw output.error;
    if (output.kind !== 'event') continue;
    const { event } = output;
    if (event.kind === 'chunk') {
      if (event.index !== next) throw new Error(`chunk ${event.index} came in place of ${next}`);
      if (next === 0) first = performance.now();
      next++;
      streamed += textOf(event.outputs.text);
    }
    if (event.kind !== 'state' || event.task.state === 'RUNNING') continue;
    if (event.task.state !== 'SUCCEEDED') throw new Error(`a task ended ${event.task.state}: ${event.task.error?.message}`);
    if (textOf(event.task.outputs.text) !== streamed) throw new Error('the chunks of a stream do not make up its text');
    if ([...streamed].length !== parameters.max_tokens) throw new Error(`a text has ${streamed.length} characters`);
    times.firsts.push(first - began);
    times.gaps.push((performance.now() - first) / (next - 1));
    times.chunks += next;
    return;
  }
  throw new Error('a stream did not end');
}

function textOf(output: Parameters<typeof texts>[0] | undefined): string {
  return output === undefined ? '' : (texts(output)[0] ?? '');
}

function ours(streams: number): Contestant {
  return {
    name: oursName(streams),
    async start(setup) {
      const { client, stop } = await startInferq(setup, { models: model });
      const run = async (requests: StreamRequest[]) => {
        const times: Times = { firsts: [], gaps: [], chunks: 0 };
        const began = performance.now();
        const slot = async () => {
          for (let request = requests.shift(); request !== undefined; request = requests.shift()) await stream(client, request, times);
        };
        await Promise.all(Array.from({ length: streams }, slot));
        const seconds = (performance.now() - began) / 1_000;
        const rate = times.chunks / seconds;
        const gap = percentile(times.gaps, 0.5);
        const first = percentile(times.firsts, 0.5);
        return { rate, gap, first, p99: percentile(times.firsts, 0.99), batches: first / gap };
      };
      await run(requestsOf(quickStreams));
      if (!setup.quick) await run(requestsOf(totalOf(streams, false)));
      return { round: () => run(requestsOf(totalOf(streams, setup.quick))), stop };
    },
  };
}

function alone(streams: number): Contestant {
  return {
    name: handlerName(streams),
    peer: 'direct',
    async start(setup) {
      const program = await startProgram(process.execPath, ['benchmarks/peers/handler/run.ts', setup.repository, model], {
        env: { ORT_DISABLE_TELEMETRY: '1' },
      });
      const run = async () => {
        const { seconds, chunks } = await program.ask({ streams, requests: requestsOf(totalOf(streams, setup.quick)) });
        return { rate: Number(chunks) / Number(seconds) };
      };
      await run();
      return { round: run, stop: () => program.stop() };
    },
  };
}

/** Microseconds that a chunk costs beyond the handler's own. */
function overhead(median: Median, streams: number): number | undefined {
  const [own, theirs] = [median(oursName(streams), 'rate'), median(handlerName(streams), 'rate')];
  return own === undefined || theirs === undefined ? undefined : 1e6 / own - 1e6 / theirs;
}

export const streaming: Scenario = {
  name: 'streaming',
  about:
    'charlm, four characters a chunk, so many streams at a time, each on a SubmitMany of its own: chunks a second, and milliseconds from submit to the first chunk and from one to the next. The handler alone is called step by step with no queue.',
  columns: [
    { key: 'rate', title: 'chunks/s' },
    { key: 'gap', title: 'between chunks, p50 ms', digits: 2 },
    { key: 'first', title: 'first chunk, p50 ms', digits: 2 },
    { key: 'p99', title: 'first chunk, p99 ms', digits: 2 },
    { key: 'batches', title: "first chunk in batches' time", digits: 2 },
  ],
  charted: 'rate',
  contestants: [...counts.map(ours), ...counts.map(alone)],
  targets: counts.flatMap((streams): Target[] => [
    {
      what: `first chunk of one of ${streams}, p50, in batches' time`,
      value: (median) => median(oursName(streams), 'batches'),
      atMost: 2,
    },
    {
      what: `chunks/s of ${streams} against the handler alone`,
      value: (median) => ratio(median(oursName(streams), 'rate'), median(handlerName(streams), 'rate')),
    },
    { what: `us of each chunk of ${streams} beyond the handler alone`, value: (median) => overhead(median, streams) },
  ]),
};
