import { readdirSync, readFileSync } from 'node:fs';
import { InferqClient, tensor } from '@inferq/client/index.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startProcess, startStack, type TestProcess } from './support/stack.ts';

let stack: Stack;
let server: TestProcess;
beforeAll(async () => {
  stack = await startStack({ worker: ['--models', 'digits'] });
  server = await startProcess('server', ['--listen', '127.0.0.1:0', '--log-level', 'error', '--processes', '2'], stack.redis.url);
});
afterAll(async () => {
  await server?.stop('SIGKILL');
  await stack?.stop();
});

/** Processes that a process has started and that run. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

const digit = { model: 'digits', inputs: { image: tensor.fp32([1, 64], new Array(64).fill(0.5)) } };

async function predictThrough(address: string): Promise<string> {
  const client = new InferqClient({ server: address });
  try {
    return (await client.predict(digit)).state;
  } finally {
    client.close();
  }
}

test('processes behind one address all serve, and one that is killed is replaced', async () => {
  const before = childrenOf(server.pid);
  expect(before).toHaveLength(2);
  // Connections go to the processes in turn: four reach both.
  const all = await Promise.all(Array.from({ length: 4 }, () => predictThrough(server.address)));
  expect(all).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  process.kill(before[0] ?? 0, 'SIGKILL');
  await eventually('another process has taken its place', () => {
    const now = childrenOf(server.pid);
    return now.length === 2 && now.some((pid) => !before.includes(pid));
  });
  await eventually('both serve', async () => {
    const states = await Promise.all(Array.from({ length: 4 }, () => predictThrough(server.address).catch(() => 'refused')));
    return states.every((state) => state === 'SUCCEEDED');
  });
});

test('what is wrong with the options of several processes is said once, and ends all', async () => {
  const { port } = new URL(`http://${server.address}`);
  const wrong = startProcess('server', ['--listen', `127.0.0.1:${port}`, '--processes', '3'], stack.redis.url);
  const failure = await wrong.then(
    () => undefined,
    (error: Error) => error.message,
  );
  expect(failure).toMatch(/ended \(2\)/);
  expect(failure?.match(/the port is in use/g)).toHaveLength(1);
});

test('SIGTERM ends all of them', async () => {
  const children = childrenOf(server.pid);
  expect(await server.stop('SIGTERM')).toBe(0);
  expect(children.filter((pid) => parentOf(String(pid)) !== undefined)).toEqual([]);
});
