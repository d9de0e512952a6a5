/** How many tasks a second can be handed over, one call each. */

import { startNoop } from '../contestants/direct.ts';
import { startInferq } from '../contestants/inferq.ts';
import { smallInput, wireRequest } from '../inputs.ts';
import { cpuSeconds } from '../measure/cpu.ts';
import { ghzOf, submitLoad } from '../measure/ghz.ts';
import { type Figures, ratio, type Scenario, type Setup } from '../scenario.ts';

const request = wireRequest('noop', 'x', smallInput, 0);

/** Saturates a server with Submit; `perCpu` is calls for each second of the server's CPU. */
async function load(setup: Setup, address: string, pid: number): Promise<Figures> {
  const total = setup.quick ? 200 : 30_000;
  const before = cpuSeconds(pid);
  const { callsPerSecond } = await submitLoad(ghzOf(setup), { address, request, total, concurrency: 64, connections: 4 });
  return { rate: callsPerSecond, perCpu: total / (cpuSeconds(pid) - before) };
}

export const submit: Scenario = {
  name: 'submit',
  about: 'Unary Submit of a 256-byte tensor under ghz, 64 calls at a time: calls a second, and calls for each second of CPU of the server.',
  columns: [
    { key: 'rate', title: 'calls/s' },
    { key: 'perCpu', title: 'calls per CPU second' },
  ],
  charted: 'perCpu',
  contestants: [
    {
      name: 'inferq',
      async start(setup) {
        ghzOf(setup);
        const inferq = await startInferq(setup, { models: 'noop' });
        return {
          round: () => load(setup, inferq.server.address, inferq.server.pid),
          stop: () => inferq.stop(),
        };
      },
    },
    {
      name: 'no-op',
      peer: 'direct',
      async start(setup) {
        ghzOf(setup);
        const server = await startNoop();
        return { round: () => load(setup, server.address, server.pid), stop: () => server.stop() };
      },
    },
  ],
  targets: [
    {
      what: "calls per CPU second against the no-op server's",
      value: (median) => ratio(median('inferq', 'perCpu'), median('no-op', 'perCpu')),
      atLeast: 0.6,
      aim: 0.8,
    },
  ],
};
