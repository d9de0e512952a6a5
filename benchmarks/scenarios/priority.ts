/** What is urgent, before a long queue of what is not. */

import { type SubmitRequest as ClientRequest, type Task, tensor } from '@inferq/client/index.ts';
import { type Inferq, startInferq } from '../contestants/inferq.ts';
import { wireRequest } from '../inputs.ts';
import { openLoop } from '../measure/open-loop.ts';
import { percentile } from '../measure/statistics.ts';
import { streamTasks } from '../measure/task-stream.ts';
import type { Contestant, Scenario, Setup } from '../scenario.ts';

const model = 'sleeper';
const waiting = 100_000;
const perMessage = 200;

/** Brings the batch queue up to its length. */
async function fill({ server, client }: Inferq, setup: Setup, runMs: number): Promise<void> {
  let there = 0;
  for await (const queue of client.admin.queues()) {
    if (queue.name === 'batch') there = Object.values(queue.waitingByPriority).reduce((sum, count) => sum + count, 0);
  }
  const messages = Math.ceil(((setup.quick ? perMessage : waiting) - there) / perMessage);
  if (messages <= 0) return;
  const parameters = new Map([['ms', { value: { $case: 'int64Param' as const, value: BigInt(runMs) } }]]);
  const request = { ...wireRequest(model, 'x', [1], 0), queue: 'batch', parameters };
  await streamTasks({ address: server.address, requests: [request], perMessage, messages, open: 16 * perMessage, follow: false });
}

/** Milliseconds from a task's submission to the start of its run, as the model saw it. */
function waitOf({ submitTime, outputs }: Task): number {
  const started = outputs.started?.data;
  if (!(started instanceof Float64Array) || submitTime === undefined) throw new Error('a task does not say when it started');
  return (started[0] ?? Number.NaN) - submitTime.getTime();
}

/** Urgent tasks come at random moments, so that they meet the running batch at any point; `everyMs` apart on average. */
function contestant(runMs: number, count: number, everyMs: number): Contestant {
  return {
    name: `inferq, runs of ${runMs} ms`,
    async start(setup) {
      const inferq = await startInferq(setup, { models: model });
      const urgent: ClientRequest = { model, queue: 'realtime', inputs: { x: tensor.fp32([1, 1], [1]) }, parameters: { ms: runMs } };
      const round = async (tasks: number) => {
        await fill(inferq, setup, runMs);
        const waits: number[] = [];
        await openLoop({
          rate: 1_000 / everyMs,
          count: tasks,
          async send() {
            await new Promise((resolve) => setTimeout(resolve, Math.random() * everyMs));
            const { taskId } = await inferq.client.submit(urgent);
            const task = await inferq.client.getResult(taskId, { waitMs: 30_000 });
            if (task.state !== 'SUCCEEDED') throw new Error(`a task ended ${task.state}: ${task.error?.message}`);
            waits.push(waitOf(task));
          },
        });
        if (waits.length !== tasks) throw new Error(`${waits.length} of ${tasks} tasks ended`);
        const p99 = percentile(waits, 0.99);
        return { p50: percentile(waits, 0.5), p99, beyond: p99 - runMs };
      };
      await round(setup.quick ? 5 : Math.ceil(count / 10));
      return { round: () => round(setup.quick ? 5 : count), stop: () => inferq.stop() };
    },
  };
}

export const priority: Scenario = {
  name: 'priority',
  about:
    'Single tasks for the realtime queue while 100,000 wait in the batch queue of the same model and executor, whose runs of 8 block their thread: milliseconds from submit to the start of the run.',
  columns: [
    { key: 'p50', title: 'p50 wait ms', digits: 1 },
    { key: 'p99', title: 'p99 wait ms', digits: 1 },
    { key: 'beyond', title: 'p99 beyond one batch, ms', digits: 1 },
  ],
  charted: 'beyond',
  contestants: [contestant(5, 400, 15), contestant(200, 100, 100)],
  targets: [5, 200].map((runMs) => ({
    what: `p99 wait beyond one running batch of ${runMs} ms, ms`,
    value: (median) => median(`inferq, runs of ${runMs} ms`, 'beyond'),
    atMost: 10,
  })),
};
