/**
 * Runs a model's handler step by step with no queue: streams join when others end, and every chunk is taken at once. The
 * repository and the model's name are the arguments; `{"streams", "requests"}`, so many at a time, is answered by `{"seconds",
 * "chunks"}`, or by an error where a stream's chunks do not make up its text.
 */

import { createInterface } from 'node:readline';
import type { Item, Tensors } from '@inferq/worker/handler';
import { loadHandler, provideHandlerApi } from '@inferq/worker/inference/load-handler.ts';
import { openRepository } from '@inferq/worker/repository/repository.ts';
import type { StreamRequest } from './request.ts';

const [folder = '', name] = process.argv.slice(2);
provideHandlerApi();
const { versions } = await openRepository(folder);
const version = versions.find((one) => one.name === name);
if (version === undefined) throw new Error(`there is no model ${name} in ${folder}`);
const { handler, state } = await loadHandler(version, { device: 'cpu', threads: 1, flushDenormals: false });

const decoder = new TextDecoder();

function textOf(outputs: Tensors): string {
  const data = outputs.text?.data;
  return Array.isArray(data) ? decoder.decode(data[0]) : '';
}

class Stream implements Item {
  readonly inputs: Tensors;
  readonly rows = 1;
  readonly attempt = 1;
  readonly parameters: Item['parameters'];
  readonly signal = new AbortController().signal;
  chunks = 0;
  ended = false;
  #streamed = '';

  constructor({ prompt, ...parameters }: StreamRequest) {
    this.inputs = { prompt: { datatype: 'BYTES', shape: [1], data: [new TextEncoder().encode(prompt)] } };
    this.parameters = parameters;
  }

  async emit(outputs: Tensors): Promise<void> {
    this.#streamed += textOf(outputs);
    this.chunks++;
  }

  progress(): void {}

  complete(outputs: Tensors): void {
    if (textOf(outputs) !== this.#streamed) throw new Error('the chunks of a stream do not make up its text');
    this.ended = true;
  }

  fail(error: Error | string): void {
    throw new Error(`a stream failed: ${error}`);
  }
}

async function measure(streams: number, requests: readonly StreamRequest[]): Promise<{ seconds: number; chunks: number }> {
  const waiting = [...requests];
  const began = performance.now();
  let chunks = 0;
  let live: Stream[] = [];
  for (;;) {
    live = live.filter(({ ended }) => !ended);
    while (live.length < streams && waiting[0] !== undefined) live.push(new Stream(waiting.shift() as StreamRequest));
    if (live.length === 0) return { seconds: (performance.now() - began) / 1_000, chunks };
    await handler.step?.([...live], state);
    for (const { ended, chunks: sent } of live) if (ended) chunks += sent;
  }
}

process.stdout.write(`${JSON.stringify({ ready: {} })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { streams, requests } = JSON.parse(line) as { streams: number; requests: StreamRequest[] };
  const answer = await measure(streams, requests).catch((error: Error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
