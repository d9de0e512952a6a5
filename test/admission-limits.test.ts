import { InferqClient, OverloadedError, type SubmitRequest, tensor } from '@inferq/client/index.ts';
import { key } from '@inferq/queue/keys.ts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack } from './support/stack.ts';

let stack: Stack;
let redis: Redis;
const clients: InferqClient[] = [];

beforeAll(async () => {
  stack = await startStack({ worker: ['--models', 'bulk'] });
  redis = new Redis(stack.redis.url, { protocol: 2 });
});
afterAll(async () => {
  for (const client of clients) client.close();
  redis?.disconnect();
  await stack?.stop();
});

/** Clients of a further server with these limits: one of one try, and a usual one. */
async function limited(...args: string[]): Promise<{ client: InferqClient; patient: InferqClient }> {
  const { address: server } = await stack.startServer([...args, '--queues', 'unserved']);
  const client = new InferqClient({ server, retry: { maxAttempts: 1 } });
  const patient = new InferqClient({ server });
  clients.push(client, patient);
  return { client, patient };
}

function bulk(kib: number, more: Partial<SubmitRequest> = {}): SubmitRequest {
  return { model: 'bulk', inputs: { x: tensor.fp32([kib * 256], new Array(kib * 256).fill(1)) }, ...more };
}

async function expectRefusal(call: Promise<unknown>, reason: string, sentence: RegExp): Promise<void> {
  const error = await call.catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(OverloadedError);
  expect(error).toMatchObject({ reason, message: expect.stringMatching(sentence) });
  expect((error as OverloadedError).retryAfterMs).toBeGreaterThanOrEqual(1_000);
}

test("a queue's bytes are limited until a task leaves it", async () => {
  const { client } = await limited('--queue-max-bytes', '60000');
  const { taskId } = await client.submit(bulk(40, { queue: 'unserved' }));
  await expectRefusal(client.submit(bulk(40, { queue: 'unserved' })), 'QUEUE_FULL', /^Queue unserved .* inputs .* 60000 bytes; try again/);
  await client.cancel(taskId);
  const again = await client.submit(bulk(40, { queue: 'unserved' }));
  await client.cancel(again.taskId);
});

test('retained results are limited until they have expired', async () => {
  const { client } = await limited('--retained-bytes', '10000');
  await client.predict(bulk(1, { parameters: { answer: 5_000 }, resultTtlMs: 1_000 }));
  await expectRefusal(client.submit(bulk(1)), 'RESULTS_FULL', /^Kept results .* 10000 bytes; retry when some have expired/);
  // Their minute is over.
  for (const minute of await redis.zrange(key('retainedMinutes'), '0', '-1')) await redis.zadd(key('retainedMinutes'), 1, minute);
  await eventually('a submit is taken', () =>
    client.submit(bulk(1)).then(
      () => true,
      () => false,
    ),
  );
});

test('dead letters are redriven as far as their queue has room, and the others later', async () => {
  const { client, patient } = await limited('--queue-max-tasks', '3');
  const letters = await Promise.all(
    [1, 2, 3, 4, 5].map(() => stack.client.submit(bulk(20, { parameters: { reject: true } })).then(({ taskId }) => taskId)),
  );
  for (const id of letters) expect(await stack.client.getResult(id, { waitMs: 20_000 })).toMatchObject({ state: 'FAILED' });
  await stack.workers[0]?.stop();
  const waiting = await Promise.all([1, 2, 3].map(() => stack.client.submit(bulk(1)).then(({ taskId }) => taskId)));

  const full = /^Queue default is full: it holds its limit of 3 tasks; try again/;
  await expectRefusal(client.admin.redrive({ ids: letters.slice(0, 1) }), 'QUEUE_FULL', full);
  await expectRefusal(client.admin.redrive({ all: true }), 'QUEUE_FULL', full);
  expect(await client.getResult(letters[0] ?? '')).toMatchObject({ state: 'FAILED', redrivenTo: '' });

  for (const id of waiting.slice(1)) await client.cancel(id);
  const some = await client.admin.redrive({ all: true });
  expect([some.matched, Object.keys(some.redriven).length, some.remaining]).toEqual([5, 2, 3]);
  await expectRefusal(client.admin.redrive({ filter: { model: 'bulk' } }), 'QUEUE_FULL', full);

  // The usual client tries again, and gets some through when there is room.
  const redriven = { ...some.redriven };
  const left = () => letters.filter((id) => redriven[id] === undefined);
  const redriveRest = async () => {
    while (left().length > 0) Object.assign(redriven, (await patient.admin.redrive({ ids: left() })).redriven);
  };
  await Promise.all([redriveRest(), stack.startWorker(['--models', 'bulk'])]);
  for (const id of Object.values(redriven)) {
    expect(await stack.client.getResult(id, { waitMs: 20_000 })).toMatchObject({ state: 'FAILED', attempt: 1 });
  }
});
