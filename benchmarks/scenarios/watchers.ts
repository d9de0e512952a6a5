/** Many open watches. */

import { type InferqClient, tensor } from '@inferq/client/index.ts';
import { Readers } from '@inferq/proofs/watchers/parts/readers.ts';
import { memoryOf } from '@inferq/test/support/memory.ts';
import { startInferq } from '../contestants/inferq.ts';
import { type Contestant, ratio, type Scenario, type Target } from '../scenario.ts';

const counts = [100, 1_000, 10_000];
/** Tasks that stream meanwhile, each watched by one client. */
const active = 32;
const chunks = 300;
const dayMs = 86_400_000;

const input = { x: tensor.fp32([1, 1], [0]) };

function nameOf(watches: number): string {
  return `inferq, ${watches.toLocaleString('en-US')} watches`;
}

/** Tasks that do not start today. */
async function submitLater(client: InferqClient, tasks: number): Promise<string[]> {
  const ids: string[] = [];
  const items = Array.from({ length: tasks }, () => ({ submit: { model: 'chunks', inputs: input, delayMs: dayMs } }));
  for await (const output of client.submitMany(items)) {
    if (output.kind === 'refused') throw output.error;
    if (output.kind === 'accepted') ids.push(output.taskId);
  }
  return ids;
}

/** Runs one streaming task and checks that every chunk comes, in order. */
async function watchOne(client: InferqClient, count: number): Promise<void> {
  const { taskId } = await client.submit({ model: 'chunks', inputs: input, parameters: { count } });
  let next = 0;
  for await (const event of client.watch(taskId)) {
    if (event.kind === 'restarted') throw new Error('a task was started twice');
    if (event.kind === 'chunk') {
      const data = event.outputs.y?.data as Float32Array;
      if (event.index !== next || data[0] !== next) throw new Error(`chunk ${event.index} came in place of ${next}`);
      next++;
    }
    if (event.kind === 'state' && event.task.state === 'FAILED') throw new Error(event.task.error?.message);
  }
  if (next !== count) throw new Error(`${next} of ${count} chunks came`);
}

function contestant(watches: number): Contestant {
  return {
    name: nameOf(watches),
    async start(setup) {
      const { client, server, stop } = await startInferq(setup, { models: 'chunks', measured: true });
      const round = async (count: number) => {
        const began = performance.now();
        await Promise.all(Array.from({ length: active }, () => watchOne(client, count)));
        return (active * count * 1_000) / (performance.now() - began);
      };
      for (let time = 0; time < 3; time++) await round(setup.quick ? 3 : chunks / 3);
      const open = setup.quick ? 20 : watches;
      const taskIds = await submitLater(client, open);
      const readers = await Readers.start();
      const before = (await memoryOf(server.child)).resident;
      await readers.open(server.address, taskIds);
      const bytes = ((await memoryOf(server.child)).resident - before) / open;
      return {
        round: async () => ({ rate: await round(setup.quick ? 5 : chunks), bytes }),
        async stop() {
          readers.end();
          await stop();
        },
      };
    },
  };
}

const most = nameOf(Math.max(...counts));
const least = nameOf(Math.min(...counts));

export const watchers: Scenario = {
  name: 'watchers',
  about:
    'Watches of tasks to which nothing happens stay open, while 32 other tasks stream 300 chunks each to a watch of their own: chunks a second, and what the server has grown by for each open watch, garbage given back.',
  columns: [
    { key: 'rate', title: 'chunks/s' },
    { key: 'bytes', title: 'resident bytes per watch' },
  ],
  charted: 'rate',
  contestants: counts.map(contestant),
  targets: [
    ...counts.slice(1).map(
      (watches): Target => ({
        what: `chunks/s with ${watches.toLocaleString('en-US')} watches against those with 100`,
        value: (median) => ratio(median(nameOf(watches), 'rate'), median(least, 'rate')),
        atLeast: 0.8,
        atMost: 1.2,
      }),
    ),
    { what: 'resident bytes for each of 10,000 watches', value: (median) => median(most, 'bytes'), atMost: 20_000 },
  ],
};
