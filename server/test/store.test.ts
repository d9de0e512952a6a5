/** The use cases over the real queue: what the store in memory may have wrong. */

import { connectQueue } from '@inferq/queue/connect.ts';
import type { ClaimedTask, Inbox, QueueConnection, Settlement } from '@inferq/queue/queue.ts';
import type { StreamItem, StreamReply, WatchUpdate } from '@inferq/server/broker.ts';
import { createBroker, type RunningBroker } from '@inferq/server/use-cases/create-broker.ts';
import { startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { commandOf, grantedValue, modelSpec, openCall, refusalOf, workerEntry } from './support/broker.ts';

const options = { bindToCall: false, outputs: true };
const watching = { afterSequence: 0, outputs: true, cancelOnDisconnect: false };
const pool = { queue: 'default', model: 'echo', version: '1', maxTasks: 64, maxRows: 64 };
let redis: TestRedis;
let queue: QueueConnection;
let inbox: Inbox;
let broker: RunningBroker;

beforeEach(async () => {
  redis = await startRedis();
  queue = await connectQueue({ url: redis.url, whenDown: 'fail' });
  inbox = await queue.openInbox('server-1');
  await queue.registry.announceModels([modelSpec()]);
  await announce();
  const limits = { maxTasks: 1_000, maxBytes: 1e9, retainedBytes: 1e9, memoryWatermark: 0.8 };
  broker = createBroker({ submission: queue.submission, registry: queue.registry, inbox, queues: [], limits });
});

afterEach(async () => {
  broker.stop();
  await queue.close();
  await redis.stop();
});

async function announce(): Promise<void> {
  await queue.registry.announceWorker(workerEntry('w', ['default'], [{ name: 'echo', version: '1' }]));
}

async function claim(): Promise<ClaimedTask[]> {
  const outcome = await queue.execution.claim({
    ...{ executor: 'w-0', worker: 'w', device: 'cpu', queues: [[pool]], maxBytes: 1e8, waitForBell: false, solo: true },
  });
  return outcome.kind === 'claimed' ? outcome.tasks : [];
}

async function claimOne(): Promise<ClaimedTask> {
  const [task] = await vi.waitUntil(async () => {
    const tasks = await claim();
    return tasks.length > 0 && tasks;
  });
  return task as ClaimedTask;
}

function emit({ id, token }: ClaimedTask, index: number, text: string) {
  return queue.execution.emit([{ id, token, kind: 'chunk', index, payload: Buffer.from(text) }]);
}

function completion({ id, token }: ClaimedTask, output: Uint8Array): Settlement {
  return { id, token, ranMs: 1, batchTasks: 1, batchRows: 1, verb: 'complete', output, partial: false };
}

async function complete(task: ClaimedTask, output: Uint8Array = Buffer.from('done')): Promise<void> {
  const { outcomes } = await queue.execution.settle([completion(task, output)]);
  expect(outcomes).toEqual(['accepted']);
}

function told(update: WatchUpdate): string[] {
  if (update.kind === 'snapshot') return [`first ${update.view.snapshot.state}`];
  return update.events.map((event) =>
    event.kind === 'chunk'
      ? `chunk ${event.chunk.attempt}.${event.chunk.index} ${Buffer.from(event.chunk.payload)}`
      : `${event.kind} ${event.view.snapshot.state}${event.view.output === undefined ? '' : ` ${event.view.output.length}`}`,
  );
}

async function watch(taskId: string, afterSequence = 0): Promise<{ told: string[]; ended: Promise<void> }> {
  const updates = grantedValue(await broker.watch(taskId, { ...watching, afterSequence }, openCall().call));
  const seen: string[] = [];
  const ended = (async () => {
    for await (const update of updates) seen.push(...told(update));
  })();
  // Where a test fails before it waits for the end, its own failure is the one to tell.
  ended.catch(() => undefined);
  return { told: seen, ended };
}

async function submit(): Promise<string> {
  return grantedValue(await broker.submit(commandOf(), options, openCall().call)).taskId;
}

test('a submit that waits is answered with the output, small or large', async () => {
  for (const size of [4, 100_000]) {
    const bytes = new Uint8Array(size).fill(7);
    const reply = broker.submit(commandOf({ encodeInput: () => bytes }), { ...options, waitMs: 20_000 }, openCall().call);
    const task = await claimOne();
    expect(Buffer.compare(task.input, bytes)).toBe(0);
    await complete(task, bytes);
    const { taskId, task: view } = grantedValue(await reply);
    expect(taskId).toBe(task.id);
    expect(view?.snapshot).toMatchObject({ state: 'succeeded', model: 'echo', version: '1', attempt: 1 });
    expect(view?.output?.length).toBe(size);
    expect(grantedValue(await broker.getResult(taskId, { outputs: true }, openCall().call)).output?.length).toBe(size);
  }
});

test('a watch tells every chunk and the end, live and once more afterwards', async () => {
  const id = await submit();
  const live = await watch(id);
  const task = await claimOne();
  for (const [index, text] of ['a', 'b', 'c'].entries()) await emit(task, index, text);
  await complete(task);
  await live.ended;
  const chunks = ['chunk 1.0 a', 'chunk 1.1 b', 'chunk 1.2 c'];
  expect(live.told).toEqual(['first queued', 'state running', ...chunks, 'state succeeded 4']);
  const replay = await watch(id);
  await replay.ended;
  expect(replay.told).toEqual(['first running', ...chunks, 'state succeeded 4']);
});

test('a second attempt is told from its first chunk on', async () => {
  const id = await submit();
  const live = await watch(id);
  const first = await claimOne();
  await emit(first, 0, 'x');
  const release: Settlement = { id, token: first.token, ranMs: 1, batchTasks: 1, batchRows: 1, verb: 'release', solo: false };
  await queue.execution.settle([release]);
  const second = await claimOne();
  await emit(second, 0, 'a');
  const late = await watch(id);
  await complete(second);
  await Promise.all([live.ended, late.ended]);
  expect(live.told.filter((text) => text.startsWith('chunk'))).toEqual(['chunk 1.0 x', 'chunk 2.0 a']);
  expect(late.told).toEqual(['first running', 'chunk 2.0 a', 'state succeeded 4']);
});

test('a watch outlives a restart of Redis', async () => {
  const id = await submit();
  const live = await watch(id);
  const task = await claimOne();
  await emit(task, 0, 'a');
  await vi.waitUntil(() => live.told.includes('chunk 1.0 a'));
  await redis.restart();
  const emitAgain = () => emit(task, 1, 'b').catch(() => []);
  await vi.waitUntil(async () => (await emitAgain())[0] === 'held', { timeout: 10_000, interval: 100 });
  await complete(task);
  await live.ended;
  expect(live.told.filter((text) => text.startsWith('chunk'))).toEqual(['chunk 1.0 a', 'chunk 1.1 b']);
  expect(live.told.at(-1)).toBe('state succeeded 4');
}, 30_000);

test('a slow watch of many chunks reads the log and misses none', async () => {
  const id = await submit();
  const updates = grantedValue(await broker.watch(id, watching, openCall().call))[Symbol.asyncIterator]();
  const seen = told((await updates.next()).value as WatchUpdate);
  const task = await claimOne();
  for (let count = 0; count < 600; count++) await emit(task, count, `${count}`.padEnd(500, '.'));
  await complete(task);
  for (let update = await updates.next(); !update.done; update = await updates.next()) seen.push(...told(update.value));
  const chunks = seen.filter((text) => text.startsWith('chunk')).map((text) => Number.parseInt(text.split(' ')[2] ?? '', 10));
  expect(chunks).toEqual(Array.from({ length: 600 }, (_, index) => index));
  expect(seen.at(-1)).toBe('state succeeded 4');
});

test('a stream follows hundreds of tasks from its items to their ends', async () => {
  const stream = broker.submitMany(openCall().call);
  const items = Array.from({ length: 300 }, (_, index): StreamItem => {
    return { correlationId: `${index}`, follow: true, outputs: true, action: 'submit', command: commandOf() };
  });
  await stream.push(items);
  stream.end();
  const replies: StreamReply[] = [];
  const read = (async () => {
    for await (const some of stream.replies) replies.push(...some);
  })();
  for (let left = items.length; left > 0; ) {
    const tasks = await claim();
    if (tasks.length > 0) await queue.execution.settle(tasks.map((task) => completion(task, Buffer.from('ok'))));
    left -= tasks.length;
  }
  await read;
  const accepted = replies.flatMap((reply) => (reply.kind === 'accepted' ? [reply.taskId] : []));
  const ended = replies.flatMap((reply) =>
    reply.kind === 'event' && reply.event.kind === 'state' && reply.event.view.snapshot.state === 'succeeded' ? [reply.taskId] : [],
  );
  expect(ended.toSorted()).toEqual(accepted.toSorted());
  expect(new Set(ended).size).toBe(300);
});

test('an idempotency key answers with the same task, and refuses other content', async () => {
  const keyed = commandOf({ idempotencyKey: 'k' });
  const { taskId } = grantedValue(await broker.submit(keyed, options, openCall().call));
  expect(grantedValue(await broker.submit(keyed, options, openCall().call))).toEqual({ taskId, duplicate: true });
  const otherwise = refusalOf(await broker.submit({ ...keyed, priority: 1 }, options, openCall().call));
  expect(otherwise).toMatchObject({ reason: 'IDEMPOTENCY_CONFLICT', message: expect.stringContaining(taskId) });
});

test('a call that breaks off takes its task along after the grace time, unless it is bound again', async () => {
  const bound = { ...options, bindToCall: true, waitMs: 60_000 };
  const submitBound = (idempotencyKey: string, call = openCall()) => {
    return { ...call, reply: broker.submit(commandOf({ idempotencyKey }), bound, call.call) };
  };
  const lost = submitBound('lost');
  const kept = submitBound('kept');
  const standing = async (key: string) => {
    const { taskId } = grantedValue(await broker.submit(commandOf({ idempotencyKey: key }), options, openCall().call));
    return grantedValue(await broker.getResult(taskId, { outputs: true }, openCall().call)).snapshot.state;
  };
  await vi.waitUntil(async () => (await standing('kept')) === 'queued' && (await standing('lost')) === 'queued');
  lost.leave();
  kept.leave();
  await Promise.all([lost.reply, kept.reply]);
  const again = submitBound('kept');
  await vi.waitUntil(
    async () => {
      await queue.upkeep.promote();
      return (await standing('lost')) === 'cancelled';
    },
    { timeout: 10_000, interval: 100 },
  );
  expect(await standing('kept')).toBe('queued');
  await complete(await claimOne());
  expect(grantedValue(await again.reply)).toMatchObject({ duplicate: true, task: { snapshot: { state: 'succeeded' } } });
}, 20_000);

test('of two calls that hold one task the later one may break off first, and the task lives on', async () => {
  const bound = { ...options, bindToCall: true, waitMs: 60_000 };
  const [earlier, later] = [openCall(), openCall()];
  const keyed = commandOf({ idempotencyKey: 'shared' });
  const reply = broker.submit(keyed, bound, earlier.call);
  const laterReply = broker.submit(keyed, bound, later.call);
  const lost = openCall();
  const lostReply = broker.submit(commandOf({ idempotencyKey: 'alone' }), bound, lost.call);
  const { taskId } = grantedValue(await broker.submit(commandOf({ idempotencyKey: 'alone' }), options, openCall().call));
  later.leave();
  await laterReply;
  lost.leave();
  await lostReply;
  await vi.waitUntil(
    async () => {
      await queue.upkeep.promote();
      return grantedValue(await broker.getResult(taskId, { outputs: true }, openCall().call)).snapshot.state === 'cancelled';
    },
    { timeout: 10_000, interval: 100 },
  );
  await complete(await claimOne());
  expect(grantedValue(await reply)).toMatchObject({ task: { snapshot: { state: 'succeeded' } } });
}, 20_000);
