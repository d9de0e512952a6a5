import { InferqClient, OverloadedError, type SubmitRequest, tensor } from '@inferq/client/index.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisMemory, redisMemory } from './support/redis-memory.ts';
import { eventually, type Stack, startStack } from './support/stack.ts';

/** Small inputs and large ones, which take another way. */
const requests = [8, 15, 17, 40, 100].map(bulk);
const submitters = 24;
let stack: Stack;
let memory: RedisMemory;
let clients: InferqClient[];

beforeAll(async () => {
  stack = await startStack({ redis: { maxmemory: '32mb', 'maxmemory-policy': 'noeviction' }, worker: ['--models', 'bulk'] });
  // The model stays known.
  await stack.workers[0]?.stop();
  memory = redisMemory(stack.redis.url);
  const other = await stack.startServer();
  clients = [stack.address, other.address, other.address].map((server) => new InferqClient({ server, retry: { maxAttempts: 1 } }));
});
afterAll(async () => {
  for (const client of clients ?? []) client.close();
  memory?.close();
  await stack?.stop();
});

function bulk(kib: number): SubmitRequest {
  return { model: 'bulk', inputs: { x: tensor.fp32([kib * 256], new Array(kib * 256).fill(1)) }, ignoreResult: true };
}

/** Submits until it is refused. */
async function flood(client: InferqClient, first: number): Promise<{ accepted: string[]; refusal: unknown }> {
  const accepted: string[] = [];
  for (let count = first; ; count++) {
    try {
      accepted.push((await client.submit(requests[count % requests.length] as SubmitRequest)).taskId);
    } catch (refusal) {
      return { accepted, refusal };
    }
  }
}

test('a flood of submits is told to wait before Redis is out of memory, and goes on by itself when it is worked off', async () => {
  const floods = await Promise.all(Array.from({ length: submitters }, (_, count) => flood(clients[count % 3] as InferqClient, count)));

  for (const { refusal } of floods) {
    expect(refusal).toBeInstanceOf(OverloadedError);
    expect(refusal).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'MEMORY_FULL',
      message: expect.stringMatching(/Redis .*80 %.*try again/),
    });
    expect((refusal as OverloadedError).retryAfterMs).toBeGreaterThanOrEqual(1_000);
  }
  const { used, most, outOfMemory } = await memory.look();
  expect(outOfMemory).toBe(0);
  // As full as it may be, or little less.
  expect(used).toBeGreaterThan(most * 0.75);
  expect(used).toBeLessThan(most * 0.9);
  const accepted = floods.flatMap((one) => one.accepted);
  expect(await memory.redis.keys('*:i:*')).toHaveLength(accepted.length);

  await stack.startWorker(['--models', 'bulk']);
  await eventually('a submit is taken again', () => stack.client.submit(bulk(100)).then(({ taskId }) => accepted.push(taskId)));
  for (const taskId of accepted) {
    expect(await stack.client.getResult(taskId, { waitMs: 30_000 })).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
  }
  expect(await memory.redis.keys('*:i:*')).toEqual([]);
});
