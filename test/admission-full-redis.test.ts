import { InferqClient, OverloadedError, type SubmitRequest, type Task, tensor } from '@inferq/client/index.ts';
import { Script } from '@inferq/queue/scripts.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisMemory, redisMemory } from './support/redis-memory.ts';
import { eventually, type Stack, startStack } from './support/stack.ts';

/** The shortest there is. It is renewed every third of it; the streams run longer than that after Redis is full. */
const lease = ['--lease', '5s'];
const chunks = 80;
let stack: Stack;
let memory: RedisMemory;
/** Clients of one try; the second one's server relies on Redis alone. */
let hasty: InferqClient[];

beforeAll(async () => {
  stack = await startStack({
    redis: { maxmemory: '64mb', 'maxmemory-policy': 'noeviction' },
    server: lease,
    worker: [...lease, '--devices', 'cpu,cpu', '--models', 'probe,bulk'],
  });
  memory = redisMemory(stack.redis.url);
  const { address } = await stack.startServer([...lease, '--memory-watermark', '1']);
  hasty = [stack.address, address].map((server) => new InferqClient({ server, retry: { maxAttempts: 1 } }));
});
afterAll(async () => {
  for (const client of hasty ?? []) client.close();
  memory?.close();
  await stack?.stop();
});

function probe(parameters: Record<string, number | boolean>): SubmitRequest {
  return { model: 'probe', inputs: { x: tensor.fp32([1, 2], [1, 2]) }, parameters };
}

function bulk(kib: number, parameters: Record<string, number | boolean> = {}): SubmitRequest {
  return { model: 'bulk', inputs: { x: tensor.fp32([kib * 256], new Array(kib * 256).fill(7)) }, parameters };
}

/** Keeps Redis at its limit, whatever comes free, until it is told to stop. */
function keepFull(): { stop(): Promise<void> } {
  let over = false;
  const loop = (async () => {
    while (!over) await memory.fill();
  })();
  return {
    stop: () => {
      over = true;
      return loop;
    },
  };
}

async function refusalOf(client: InferqClient | undefined, request: SubmitRequest): Promise<unknown> {
  return client?.submit(request).then(
    ({ taskId }) => `accepted as ${taskId}`,
    (error: unknown) => error,
  );
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function streamed(taskId: string): Promise<{ indices: number[]; restarted: boolean; task: Task | undefined }> {
  const indices: number[] = [];
  let restarted = false;
  let task: Task | undefined;
  for await (const event of stack.client.watch(taskId)) {
    if (event.kind === 'chunk') indices.push(event.index);
    if (event.kind === 'restarted') restarted = true;
    if (event.kind === 'state' || event.kind === 'snapshot') task = event.task;
  }
  return { indices, restarted, task };
}

test('with Redis at its limit nothing acknowledged is lost, what runs goes on, new tasks are refused, and it recovers by itself', async () => {
  const submit = async (request: SubmitRequest) => (await stack.client.submit(request)).taskId;
  const [letter, largeLetter] = await Promise.all([submit(probe({ reject: true })), submit(bulk(20, { reject: true }))]);
  for (const id of [letter, largeLetter]) expect(await stack.client.getResult(id, { waitMs: 20_000 })).toMatchObject({ state: 'FAILED' });
  const streams = await Promise.all([1, 2, 3].map(() => submit(probe({ chunks, chunk_ms: 100, fill_kib: 2 }))));
  const watches = streams.map(streamed);
  const first = await submit(bulk(8, { busy_ms: 1_500, answer: 10_000 }));
  const running = [...streams, first];
  for (const id of running) await eventually('it runs', async () => (await stack.client.getResult(id)).state === 'RUNNING');
  // One executor has the streams, the other the first of these.
  const sizes = [8, 20, 100];
  const waiting = await Promise.all([...sizes, ...sizes].map((kib) => submit(bulk(kib, { answer: kib * 256 }))));
  const scheduled = await submit({ ...bulk(20), delayMs: 3_600_000 });
  const retried = await submit(probe({ throw_times: 1 }));

  await hasty[1]?.submit(probe({}));
  await memory.fill();
  const full = keepFull();
  try {
    const [watched, trusting] = hasty;
    // The second server has not seen yet that Redis is full: it hears OOM, of a large input first.
    for (const refusal of await Promise.all([
      refusalOf(trusting, bulk(100)),
      refusalOf(trusting, bulk(1)),
      ...[bulk(1), bulk(100), probe({})].map((request) => refusalOf(watched, request)),
    ])) {
      expect(refusal).toBeInstanceOf(OverloadedError);
      expect(refusal).toMatchObject({ reason: 'MEMORY_FULL', retryAfterMs: expect.any(Number) });
    }
    // What is asked of tasks that exist.
    expect(await stack.client.cancel(scheduled)).toMatchObject({ state: 'CANCELLED' });
    expect(await stack.client.getResult(letter)).toMatchObject({ state: 'FAILED' });
    const stats = (await listed(stack.client.admin.queues())).find(({ name }) => name === 'default');
    expect(stats?.dead).toBe(2);
    expect(await listed(stack.client.admin.deadLetters())).toHaveLength(2);
    const { redriven } = await stack.client.admin.redrive({ ids: [largeLetter] });
    // Processes that start now.
    const late = await stack.startServer(lease);
    const other = new InferqClient({ server: late.address });
    await stack.startWorker([...lease, '--models', 'probe']);

    for (const watch of watches) {
      const { indices, restarted, task } = await watch;
      expect(indices).toEqual([...Array(chunks).keys()]);
      expect([restarted, task?.state, task?.attempt]).toEqual([false, 'SUCCEEDED', 1]);
    }
    expect(await other.getResult(first, { waitMs: 20_000 })).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
    other.close();
    for (const [index, id] of waiting.entries()) {
      const task = await stack.client.getResult(id, { waitMs: 20_000 });
      expect(task).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
      expect(task.outputs.y?.shape).toEqual([(sizes[index % 3] ?? 0) * 256]);
    }
    expect(await stack.client.getResult(retried, { waitMs: 20_000 })).toMatchObject({ state: 'SUCCEEDED', attempt: 2 });
    expect(await stack.client.getResult(redriven[largeLetter] ?? '', { waitMs: 20_000 })).toMatchObject({
      state: 'FAILED',
      redrivenFrom: largeLetter,
    });
    // Large outputs met an OOM, and went through the script that may exceed the limit.
    expect(await memory.redis.script('EXISTS', new Script('stage.lua').sha)).toEqual([1]);
  } finally {
    await full.stop();
  }
  // Each is an input or a result of a task that is there: no refused one left any.
  const owners = (await memory.redis.keys('*:i:*')).map((payload) => payload.replace(':i:', ':t:'));
  expect(await memory.redis.exists(owners)).toBe(owners.length);
  expect(await memory.redis.keys('*:a:*')).toEqual([]);

  await memory.drain();
  const from = performance.now();
  await eventually('a submit is taken', async () => typeof (await refusalOf(hasty[0], probe({}))) === 'string');
  expect(performance.now() - from).toBeLessThan(5_000);
  expect(await stack.client.predict(bulk(100, { answer: 25_600 }))).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
});
