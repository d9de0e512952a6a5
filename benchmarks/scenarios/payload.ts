/** Large tensors. */

import { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { startNoop } from '../contestants/direct.ts';
import { startInferq } from '../contestants/inferq.ts';
import { wireRequest } from '../inputs.ts';
import { cpuSeconds } from '../measure/cpu.ts';
import { drained, succeeded } from '../measure/drained.ts';
import { ghzOf, submitLoad } from '../measure/ghz.ts';
import { type Contestant, type Figures, ratio, type Scenario, type Setup } from '../scenario.ts';

const megabyte = 1e6;

interface Size {
  name: string;
  bytes: number;
  calls: number;
}

const sizes: readonly Size[] = [
  { name: '600 KB', bytes: 600_000, calls: 500 },
  { name: '4 MB', bytes: 4_000_000, calls: 80 },
];

/** The outputs are as large as the inputs: kept for an hour, they would soon fill what results may take. */
function requestOf(bytes: number): SubmitRequest {
  const values = Array.from({ length: bytes / 4 }, (_, index) => index % 1_000);
  return SubmitRequest.fromPartial({ ...wireRequest('payload', 'x', values, 0), ignoreResult: true });
}

function callsOf(setup: Setup, { calls }: Size): number {
  return setup.quick ? 8 : calls;
}

async function load(setup: Setup, address: string, pid: number, size: Size, request: SubmitRequest): Promise<Figures> {
  const total = callsOf(setup, size);
  const before = cpuSeconds(pid);
  const { callsPerSecond } = await submitLoad(ghzOf(setup), { address, request, total, concurrency: 8, connections: 2 });
  const sent = (size.bytes * total) / megabyte;
  return { rate: (callsPerSecond * size.bytes) / megabyte, perCpu: sent / (cpuSeconds(pid) - before) };
}

function ours(size: Size): Contestant {
  return {
    name: `inferq, ${size.name}`,
    async start(setup) {
      ghzOf(setup);
      const { server, client, stop } = await startInferq(setup, { models: 'payload' });
      const request = requestOf(size.bytes);
      const round = async () => {
        const before = await succeeded(client);
        const figures = await load(setup, server.address, server.pid, size, request);
        await drained(client, before, callsOf(setup, size));
        return figures;
      };
      await round();
      return { round, stop };
    },
  };
}

function noop(size: Size): Contestant {
  return {
    name: `no-op, ${size.name}`,
    peer: 'direct',
    async start(setup) {
      ghzOf(setup);
      const server = await startNoop();
      const request = requestOf(size.bytes);
      const round = () => load(setup, server.address, server.pid, size, request);
      await round();
      return { round, stop: () => server.stop() };
    },
  };
}

export const payload: Scenario = {
  name: 'payload',
  about:
    'Unary Submit of large tensors under ghz, 8 calls at a time: megabytes a second, and megabytes for each second of CPU of the server. A worker runs the tasks meanwhile, all are waited for.',
  columns: [
    { key: 'rate', title: 'MB/s' },
    { key: 'perCpu', title: 'MB per CPU second' },
  ],
  charted: 'rate',
  contestants: sizes.flatMap((size) => [ours(size), noop(size)]),
  targets: sizes.map((size) => ({
    what: `bytes/s against the no-op server's, ${size.name}`,
    value: (median) => ratio(median(`inferq, ${size.name}`, 'rate'), median(`no-op, ${size.name}`, 'rate')),
    atLeast: 0.5,
  })),
};
