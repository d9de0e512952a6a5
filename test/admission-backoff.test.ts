import { InferqClient, OverloadedError, type SubmitRequest, tensor } from '@inferq/client/index.ts';
import { Script } from '@inferq/queue/scripts.ts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack } from './support/stack.ts';

/** What the server asks for at least. */
const hintMs = 1_000;
const queues = ['drains', 'stays', 'drains-stream', 'stays-stream'];
let stack: Stack;
/** Without the server's hint it would try again at once. */
let client: InferqClient;
let monitor: Redis;
/** When the server tried to submit to a queue, by Redis' clock in milliseconds. */
const tries = new Map<string, number[]>(queues.map((queue) => [queue, []]));
const occupants = new Map<string, string>();

beforeAll(async () => {
  stack = await startStack({ server: ['--queue-max-tasks', '1', '--queues', queues.join()], worker: ['--models', 'probe'] });
  // Nothing is worked off; the model stays known.
  await stack.workers[0]?.stop();
  client = new InferqClient({ server: stack.address, deadlineMs: 4_000, retry: { initialDelayMs: 1, factor: 1 } });
  for (const queue of queues) occupants.set(queue, (await client.submit(probe(queue))).taskId);
  const { sha } = new Script('submit.lua');
  monitor = await new Redis(stack.redis.url, { protocol: 2 }).monitor();
  monitor.on('monitor', (time: string, [verb, script, , , , lines]: string[]) => {
    if (verb?.toLowerCase() !== 'evalsha' || script !== sha) return;
    for (const [queue, times] of tries) if (lines?.includes(` ${queue} probe 1 `)) times.push(Number(time) * 1_000);
  });
});
afterAll(async () => {
  monitor?.disconnect();
  client?.close();
  await stack?.stop();
});

function probe(queue: string): SubmitRequest {
  return { model: 'probe', queue, inputs: { x: tensor.fp32([1, 2], [1, 2]) } };
}

async function drainAfterTries(queue: string): Promise<void> {
  await eventually(`two tries in ${queue}`, () => (tries.get(queue)?.length ?? 0) >= 2);
  await stack.client.cancel(occupants.get(queue) ?? '');
}

/** How long the client waited between its tries, at least two. */
function shortestWait(queue: string): number {
  const times = tries.get(queue) ?? [];
  expect(times.length).toBeGreaterThanOrEqual(2);
  return Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
}

function expectFull(error: unknown, queue: string): void {
  expect(error).toBeInstanceOf(OverloadedError);
  const message = expect.stringContaining(`Queue ${queue} is full: it holds its limit of 1 tasks; try again later`);
  expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'QUEUE_FULL', message });
  expect((error as OverloadedError).retryAfterMs).toBeGreaterThanOrEqual(hintMs);
}

test.concurrent('submits into a full queue wait as long as the server says, and get through by themselves when it drains', async () => {
  const [{ taskId }] = await Promise.all([client.submit(probe('drains'), { deadlineMs: 20_000 }), drainAfterTries('drains')]);
  expect(await client.getResult(taskId)).toMatchObject({ state: 'QUEUED' });
  expect(shortestWait('drains')).toBeGreaterThanOrEqual(hintMs);
});

test.concurrent('a submit into a queue that stays full ends at its deadline with the last refusal', async () => {
  const from = performance.now();
  const error = await client.submit(probe('stays')).catch((reason: unknown) => reason);
  expect(performance.now() - from).toBeLessThan(4_500);
  expectFull(error, 'stays');
  expect(shortestWait('stays')).toBeGreaterThanOrEqual(hintMs);
});

test.concurrent('the items of a stream wait each for its own queue', async () => {
  const items = ['drains-stream', 'stays-stream'].map((queue) => ({ correlationId: queue, submit: probe(queue) }));
  const drained = drainAfterTries('drains-stream');
  const ends = new Map<string, unknown>();
  for await (const output of client.submitMany(items)) {
    if (output.kind !== 'event') ends.set(output.correlationId, output.kind === 'refused' ? output.error : output.taskId);
  }
  await drained;
  expect(await client.getResult(String(ends.get('drains-stream')))).toMatchObject({ state: 'QUEUED' });
  expectFull(ends.get('stays-stream'), 'stays-stream');
  for (const queue of ['drains-stream', 'stays-stream']) expect(shortestWait(queue)).toBeGreaterThanOrEqual(hintMs);
});
