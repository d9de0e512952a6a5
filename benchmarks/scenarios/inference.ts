/** A model that computes: what the way to it costs, and what batches gain. */

import { type Task, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { startDirect } from '../contestants/direct.ts';
import { startInferq } from '../contestants/inferq.ts';
import { startProgram } from '../contestants/program.ts';
import { checkSame, smallInput, wireRequest } from '../inputs.ts';
import { streamTasks } from '../measure/task-stream.ts';
import { UnaryClient } from '../measure/unary.ts';
import { modelFile } from '../repository.ts';
import { type Contestant, ratio, type Scenario, type Setup } from '../scenario.ts';

const model = 'compute';
const request = wireRequest(model, 'x', smallInput, 0);
const batch = 32;
const concurrency = 32;
/** Each row's answer is its mean, everywhere. */
const mean = smallInput.reduce((sum, value) => sum + value, 0) / smallInput.length;
const expected = smallInput.map(() => mean);

function check(task: Task | undefined): void {
  const data = task?.outputs[0]?.data;
  if (task?.state !== TaskState.SUCCEEDED || data?.$case !== 'raw') throw new Error(`a task ended ${task?.state}: ${task?.error?.message}`);
  checkSame(new Float32Array(new Uint8Array(data.value).buffer), expected);
}

function amount(setup: Setup, batches: number): number {
  return setup.quick ? 2 : batches;
}

const ours: Contestant = {
  name: 'inferq',
  async start(setup) {
    const inferq = await startInferq(setup, { models: model });
    const round = async (messages: number) => {
      let [batches, runMs] = [0, 0];
      const seconds = await streamTasks({
        address: inferq.server.address,
        requests: [request],
        perMessage: batch,
        messages,
        open: 8 * batch,
        follow: true,
        onEnd(task) {
          check(task);
          const { batchTasks = 1, ran } = task.execution ?? {};
          batches += 1 / batchTasks;
          runMs += (Number(ran?.seconds ?? 0) * 1_000 + (ran?.nanos ?? 0) / 1e6) / batchTasks;
        },
      });
      return { rate: (messages * batch) / seconds, batch: (messages * batch) / batches, run: runMs / batches };
    };
    await round(amount(setup, 20));
    return { round: () => round(amount(setup, 120)), stop: () => inferq.stop() };
  },
};

const runtime: Contestant = {
  name: 'onnxruntime, full batches',
  peer: 'direct',
  async start(setup) {
    const program = await startProgram(
      process.execPath,
      ['benchmarks/peers/onnxruntime/run.ts', modelFile(setup.repository, model), String(batch)],
      { env: { ORT_DISABLE_TELEMETRY: '1' } },
    );
    const round = async (batches: number) => {
      const { seconds } = await program.ask({ row: smallInput, batches });
      return { rate: (batches * batch) / Number(seconds), batch, run: (Number(seconds) * 1_000) / batches };
    };
    await round(amount(setup, 20));
    return { round: () => round(amount(setup, 120)), stop: () => program.stop() };
  },
};

const direct: Contestant = {
  name: 'direct',
  peer: 'direct',
  async start(setup) {
    const server = await startDirect(modelFile(setup.repository, model));
    const client = new UnaryClient(server.address);
    const round = async (calls: number) => {
      let left = calls;
      const caller = async () => {
        while (left-- > 0) check((await client.submit(request)).task);
      };
      const began = performance.now();
      await Promise.all(Array.from({ length: concurrency }, caller));
      return { rate: (calls * 1_000) / (performance.now() - began), batch: 1 };
    };
    await round(amount(setup, 100));
    return {
      round: () => round(amount(setup, 600)),
      async stop() {
        client.close();
        await server.stop();
      },
    };
  },
};

export const inference: Scenario = {
  name: 'inference',
  about:
    'A generated model that takes about 5 ms for one row alone, one thread, saturated: rows a second. Ours go over gRPC on one stream and are followed; onnxruntime is handed full batches that lie in memory; direct has 32 calls waiting and runs them one by one.',
  columns: [
    { key: 'rate', title: 'rows/s' },
    { key: 'batch', title: 'rows per batch', digits: 1 },
    { key: 'run', title: 'ms per run', digits: 1 },
  ],
  charted: 'rate',
  contestants: [ours, runtime, direct],
  targets: [
    {
      what: 'rows/s against onnxruntime fed full batches',
      value: (median) => ratio(median(ours.name, 'rate'), median(runtime.name, 'rate')),
      atLeast: 0.95,
    },
    {
      what: 'rows/s against direct calls without batches',
      value: (median) => ratio(median(ours.name, 'rate'), median(direct.name, 'rate')),
      atLeast: 3,
    },
  ],
};
