/** A Redis that is far away. */

import { startInferq } from '../contestants/inferq.ts';
import { startProgram } from '../contestants/program.ts';
import { checkEcho, smallInput, wireRequest } from '../inputs.ts';
import { streamTasks } from '../measure/task-stream.ts';
import type { Contestant, Scenario } from '../scenario.ts';

const request = wireRequest('noop', 'x', smallInput, 0);
const perMessage = 32;
const openMessages = 64;

function contestant(name: string, roundTripMs: number, tasks: number): Contestant {
  return {
    name,
    async start(setup) {
      const stops: (() => Promise<void>)[] = [];
      const inferq = await startInferq(setup, {
        models: 'noop',
        async redisUrl({ url, port }) {
          if (roundTripMs === 0) return url;
          const proxy = await startProgram(process.execPath, [
            'benchmarks/contestants/slow-proxy.ts',
            String(port),
            String(roundTripMs / 2),
          ]);
          stops.push(() => proxy.stop());
          return `redis://127.0.0.1:${proxy.ready.port}`;
        },
      });
      stops.unshift(() => inferq.stop());
      const { address } = inferq.server;
      const run = (messages: number) =>
        streamTasks({
          address,
          requests: [request],
          perMessage,
          messages,
          open: openMessages * perMessage,
          follow: true,
          onEnd: (task) => checkEcho(task, request),
        });
      const messages = setup.quick ? 10 : tasks / perMessage;
      await run(setup.quick ? messages : messages / 4);
      return {
        async round() {
          return { rate: (messages * perMessage) / (await run(messages)) };
        },
        async stop() {
          for (const stop of stops) await stop();
        },
      };
    },
  };
}

const far = 'inferq, 2 ms to Redis';

export const rtt: Scenario = {
  name: 'rtt',
  about:
    'From submit to the answer on one stream, the no-op model, with a proxy in front of Redis that holds back every packet for 1 ms in each direction: tasks a second.',
  columns: [{ key: 'rate', title: 'tasks/s' }],
  charted: 'rate',
  contestants: [contestant(far, 2, 32_000), contestant('inferq, beside Redis', 0, 64_000)],
  targets: [{ what: 'tasks/s with 2 ms to Redis', value: (median) => median(far, 'rate'), atLeast: 1_000 }],
};
