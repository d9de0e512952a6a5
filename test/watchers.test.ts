/** Watchers that read slowly or not at all, over HTTP/2 itself: a library for gRPC would read ahead. */

import { InferqClient, tensor } from '@inferq/client/index.ts';
import type { TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import { TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryOf, startMeasuredServer } from './support/memory.ts';
import { connectWatcher } from './support/raw-watch.ts';
import { type Stack, startStack, type TestProcess } from './support/stack.ts';

const chunks = 200;
const chunkKiB = 4;
const inputs = { x: tensor.fp32([1, 2], [1, 2]) };

let stack: Stack;
let server: TestProcess;
let client: InferqClient;

beforeAll(async () => {
  stack = await startStack({ worker: ['--models', 'probe', '--devices', 'cpu,cpu'] });
  server = await startMeasuredServer(['--listen', '127.0.0.1:0'], stack.redis.url);
  client = new InferqClient({ server: server.address });
  await client.predict({ model: 'probe', inputs, parameters: { chunks: 1, fill_kib: chunkKiB } });
});
afterAll(async () => {
  client.close();
  await server.stop('SIGKILL');
  await stack.stop();
});

/** Submits tasks that stream; resolves to their ids. */
function stream(count: number): Promise<string[]> {
  const one = () => client.submit({ model: 'probe', inputs, parameters: { chunks, fill_kib: chunkKiB, chunk_ms: 2 } });
  return Promise.all(Array.from({ length: count }, async () => (await one()).taskId));
}

async function ended(taskIds: readonly string[]): Promise<void> {
  for (const taskId of taskIds) expect(await client.getResult(taskId, { waitMs: 60_000 })).toMatchObject({ state: 'SUCCEEDED' });
}

test('fifty watchers that read nothing make the server hold little of what they are sent, and others are served', async () => {
  const watchers = [0, 65_535].map((windowBytes) => connectWatcher(server.address, windowBytes));
  const before = await memoryOf(server.child);
  const taskIds = await stream(5);
  const streams = taskIds.flatMap((taskId) => watchers.flatMap((watcher) => Array.from({ length: 5 }, () => watcher.open(taskId))));
  await ended(taskIds);
  const { live } = await memoryOf(server.child);
  // All of it would be 800 KiB for each.
  expect((live - before.live) / streams.length).toBeLessThan(128 * 1_024);
  expect(streams.filter((one) => one.closed)).toEqual([]);
  expect(await client.predict({ model: 'probe', inputs })).toMatchObject({ state: 'SUCCEEDED' });

  for (const one of streams) one.on('error', () => {});
  for (const watcher of watchers) watcher.close();
});

test('a watcher that begins to read when its task has long ended gets every chunk in order, and then the end', async () => {
  const watcher = connectWatcher(server.address, 65_535);
  const taskIds = await stream(1);
  const messages = watcher.watch(taskIds[0] ?? '');
  const events: TaskEvent[] = (await messages.next()).value?.events ?? [];
  await ended(taskIds);
  for await (const message of messages) events.push(...message.events);
  watcher.close();

  const indices = events.flatMap(({ kind }) => (kind?.$case === 'chunk' ? [Number(kind.value.index)] : []));
  expect(indices).toEqual(Array.from({ length: chunks }, (_, index) => index));
  const sequences = events.map(({ sequence }) => Number(sequence));
  expect(sequences).toEqual([...new Set(sequences)].sort((one, other) => one - other));
  expect(events.at(-1)?.kind).toMatchObject({ $case: 'stateChanged', value: { state: TaskState.SUCCEEDED } });
});
