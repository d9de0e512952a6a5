/** How many calls a second bring a result, one unary call each. */

import { startNoop } from '../contestants/direct.ts';
import { startFastapiCelery } from '../contestants/fastapi-celery.ts';
import { startInferq } from '../contestants/inferq.ts';
import { checkEcho, smallInput, wireRequest } from '../inputs.ts';
import { ghzOf, submitLoad } from '../measure/ghz.ts';
import { UnaryClient } from '../measure/unary.ts';
import { smallSamples } from '../samples.ts';
import { type Figures, ratio, type Scenario, type Setup } from '../scenario.ts';

const request = wireRequest('noop', 'x', smallInput, 60);

/** Saturates a server with Submit and a wait. */
async function load(setup: Setup, address: string, total: number): Promise<Figures> {
  const amount = setup.quick ? 200 : total;
  const { callsPerSecond, p50Ms } = await submitLoad(ghzOf(setup), { address, request, total: amount, concurrency: 64, connections: 4 });
  return { rate: callsPerSecond, p50: p50Ms };
}

export const oneCall: Scenario = {
  name: 'one-call',
  about:
    'Unary Submit that waits for its result, the no-op model, under ghz, 64 calls at a time: calls a second. FastAPI with Celery is submitted to and polled every 10 ms, by 32 clients at a time.',
  columns: [
    { key: 'rate', title: 'calls/s' },
    { key: 'p50', title: 'p50 ms', digits: 2 },
  ],
  charted: 'rate',
  contestants: [
    {
      name: 'inferq',
      async start(setup) {
        ghzOf(setup);
        const inferq = await startInferq(setup, { models: 'noop' });
        const client = new UnaryClient(inferq.server.address);
        const round = async (total: number) => {
          const figures = await load(setup, inferq.server.address, total);
          // ghz does not look into answers.
          checkEcho((await client.submit(request)).task, request);
          return figures;
        };
        await round(4_000);
        return {
          round: () => round(15_000),
          async stop() {
            client.close();
            await inferq.stop();
          },
        };
      },
    },
    {
      name: 'no-op',
      peer: 'direct',
      async start(setup) {
        ghzOf(setup);
        const server = await startNoop();
        await load(setup, server.address, 8_000);
        return { round: () => load(setup, server.address, 40_000), stop: () => server.stop() };
      },
    },
    {
      name: 'fastapi-celery, 10 ms',
      peer: 'fastapi-celery',
      async start(setup) {
        const queue = await startFastapiCelery(setup, 'noop', 10);
        const tasks = setup.quick ? 50 : 1_000;
        await queue.throughput(tasks / 5, smallSamples);
        return { round: async () => ({ rate: tasks / (await queue.throughput(tasks, smallSamples)) }), stop: () => queue.stop() };
      },
    },
  ],
  targets: [
    {
      what: "calls/s against the no-op server's",
      value: (median) => ratio(median('inferq', 'rate'), median('no-op', 'rate')),
      atLeast: 0.5,
    },
    {
      what: 'calls/s against FastAPI with Celery',
      value: (median) => ratio(median('inferq', 'rate'), median('fastapi-celery, 10 ms', 'rate')),
      atLeast: 10,
    },
  ],
};
