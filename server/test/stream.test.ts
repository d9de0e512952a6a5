import { newTaskId } from '@inferq/core/task-id.ts';
import type { NewTask } from '@inferq/queue/queue.ts';
import type { StreamItem, StreamReply, SubmitCommand, SubmitStream, WatchBroken } from '@inferq/server/broker.ts';
import { beforeEach, expect, test, vi } from 'vitest';
import { commandOf, openCall, startBroker, startTime, type TestBroker } from './support/broker.ts';
import { snapshotOf } from './support/fake-queue.ts';

const other = newTaskId(startTime - 1_000, 0, new Uint8Array(14));
let t: TestBroker;
beforeEach(() => {
  t = startBroker();
});

function submit(correlationId: string, follow = false, changes: Partial<SubmitCommand> = {}): StreamItem {
  return { correlationId, follow, outputs: true, action: 'submit', command: commandOf(changes) };
}

function watch(correlationId: string, taskId: string, afterSequence = 0, cancelOnDisconnect = false): StreamItem {
  const options = { afterSequence, outputs: true, cancelOnDisconnect };
  return { correlationId, follow: true, outputs: true, action: 'watch', taskId, options };
}

function cancel(correlationId: string, taskId: string, follow = false): StreamItem {
  return { correlationId, follow, outputs: true, action: 'cancel', taskId, force: false };
}

function told(reply: StreamReply): string {
  switch (reply.kind) {
    case 'accepted':
      return `${reply.correlationId} accepted${reply.duplicate ? ' duplicate' : ''}`;
    case 'snapshot':
      return `${reply.correlationId} ${reply.duplicate ? 'duplicate ' : ''}${reply.view.snapshot.state}`;
    case 'refused':
      return `${reply.correlationId} ${reply.refusal.reason}`;
    case 'event':
      return reply.event.kind === 'chunk' ? `chunk ${Buffer.from(reply.event.chunk.payload)}` : `event ${reply.event.view.snapshot.state}`;
  }
}

class Reader {
  readonly arrays: StreamReply[][] = [];
  readonly ended: Promise<void>;
  error: unknown;

  constructor(stream: SubmitStream) {
    this.ended = (async () => {
      try {
        for await (const replies of stream.replies) this.arrays.push(replies);
      } catch (error) {
        this.error = error;
      }
    })();
  }

  get told(): string[] {
    return this.arrays.flat().map(told);
  }
}

function open() {
  const { call, leave } = openCall();
  const stream = t.broker.submitMany(call);
  return { stream, leave, reader: new Reader(stream) };
}

test('the items of one message share a script call and a reply', async () => {
  const { stream, reader } = open();
  await stream.push([submit('a'), submit('b'), submit('c', false, { priority: 99 })]);
  stream.end();
  await reader.ended;
  expect(t.queue.callsOf('submit').map(([tasks]) => (tasks as NewTask[]).length)).toEqual([2]);
  expect(reader.told).toEqual(['c INVALID_REQUEST', 'a accepted', 'b accepted']);
  expect(reader.arrays.at(-1)).toHaveLength(2);
});

test('a follow tells its task from the outcome to the end, also what came before the outcome', async () => {
  const { stream, reader } = open();
  const release = t.queue.hold('submit');
  await stream.push([submit('a', true)]);
  stream.end();
  const [task] = await vi.waitUntil(() => t.queue.callsOf('submit')[0]?.[0] as NewTask[] | undefined);
  const id = task?.id ?? '';
  t.queue.start(id);
  t.queue.emit(id, 'x');
  release();
  await vi.waitUntil(() => reader.told.length > 2);
  t.queue.succeed(id);
  await reader.ended;
  expect(reader.told).toEqual(['a accepted', 'event running', 'chunk x', 'event succeeded']);
});

test('a follow of the end only tells nothing before it, whatever it hears, and reads what it missed', async () => {
  const { stream, reader } = open();
  await stream.push([
    { ...submit('a', true), endOnly: true },
    { ...submit('b', true), endOnly: true },
  ]);
  stream.end();
  const tasks = await vi.waitUntil(() => t.queue.callsOf('submit')[0]?.[0] as NewTask[] | undefined);
  const [first = '', second = ''] = tasks.map(({ id }) => id);
  expect(tasks.map(({ endOnly }) => endOnly)).toEqual([true, true]);
  for (const id of [first, second]) {
    t.queue.start(id);
    t.queue.emit(id, 'x');
  }
  t.queue.succeed(first);
  t.queue.deaf = true;
  t.queue.succeed(second);
  t.queue.resume();
  await reader.ended;
  expect(reader.told).toEqual(['a accepted', 'b accepted', 'event succeeded', 'event succeeded']);
});

test('a followed submit that is a duplicate is answered with its task', async () => {
  t.queue.create(other);
  t.queue.submitAnswer = () => ({ kind: 'duplicate', snapshot: snapshotOf(other) });
  const { stream, reader } = open();
  await stream.push([submit('a', true), submit('b')]);
  await vi.waitUntil(() => reader.told.length === 2);
  t.queue.succeed(other);
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['b accepted duplicate', 'a duplicate queued', 'event succeeded']);
});

test('a duplicate that has ended is its own end', async () => {
  t.queue.submitAnswer = () => ({ kind: 'duplicate', snapshot: snapshotOf(other, { state: 'failed', chunks: 3, lastChunkSequence: 4 }) });
  const { stream, reader } = open();
  await stream.push([submit('a', true)]);
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['a duplicate failed']);
});

test('a watch item resumes a task behind a sequence', async () => {
  t.queue.create(other);
  t.queue.start(other);
  for (const text of ['x', 'y', 'z']) t.queue.emit(other, text);
  t.queue.succeed(other);
  const { stream, reader } = open();
  await stream.push([watch('w', other, 3)]);
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['w running', 'chunk y', 'chunk z', 'event succeeded']);
});

test('a task that is followed already is told once', async () => {
  t.queue.create(other);
  const { stream, reader } = open();
  await stream.push([watch('w', other), watch('again', other)]);
  await vi.waitUntil(() => reader.told.length === 2);
  t.queue.succeed(other);
  stream.end();
  await reader.ended;
  expect(reader.told.toSorted()).toEqual(['again queued', 'event succeeded', 'w queued']);
});

test('a cancel item answers with the task, and follows it to its end where asked', async () => {
  t.queue.create(other);
  t.queue.start(other);
  const { stream, reader } = open();
  await stream.push([cancel('c', other), cancel('f', other, true)]);
  await vi.waitUntil(() => reader.told.length === 2);
  t.queue.change(other, { state: 'cancelled' });
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['c running', 'f running', 'event cancelled']);
});

test('what is wrong with one item leaves its neighbours alone', async () => {
  const { stream, reader } = open();
  const refusal = { reason: 'INVALID_REQUEST' as const, message: 'no action', violations: [] };
  await stream.push([
    { correlationId: 'r', follow: false, outputs: true, action: 'refused', refusal },
    watch('unknown', 'nonsense'),
    watch('expired', other),
    watch('negative', other, -1),
    cancel('gone', other),
    { ...submit('waits'), waitMs: 5 } as StreamItem,
    submit('fine'),
  ]);
  stream.end();
  await reader.ended;
  expect(reader.told.toSorted()).toEqual([
    'expired TASK_NOT_FOUND',
    'fine accepted',
    'gone TASK_NOT_FOUND',
    'negative INVALID_REQUEST',
    'r INVALID_REQUEST',
    'unknown TASK_NOT_FOUND',
    'waits INVALID_REQUEST',
  ]);
});

test('a store that cannot be reached refuses the item and leaves the stream open', async () => {
  const { stream, reader } = open();
  t.queue.failing.add('submit');
  await stream.push([submit('a', true)]);
  await vi.waitUntil(() => reader.told.length === 1);
  t.queue.failing.clear();
  await stream.push([submit('b')]);
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['a STORE_UNAVAILABLE', 'b accepted']);
});

test('a follow that cannot go on is refused after its outcome', async () => {
  t.queue.create(other);
  const { stream, reader } = open();
  await stream.push([watch('w', other)]);
  await vi.waitUntil(() => reader.told.length === 1);
  t.queue.records.delete(other);
  t.queue.resume();
  stream.end();
  await reader.ended;
  expect(reader.told).toEqual(['w queued', 'w RESULT_EXPIRED']);
});

test('beyond 10,000 open follows no more is read until one ends', async () => {
  const { stream, reader } = open();
  const items = Array.from({ length: 10_000 }, (_, index) => submit(`${index}`, true));
  for (let start = 0; start < items.length; start += 1_000) await stream.push(items.slice(start, start + 1_000));
  await vi.waitUntil(() => reader.arrays.flat().length === 10_000);
  let read = false;
  const pushed = stream.push([submit('one more', true)]).then(() => {
    read = true;
  });
  await new Promise(setImmediate);
  expect(read).toBe(false);
  const [first, ...rest] = t.queue.records.keys();
  t.queue.succeed(first ?? '');
  await pushed;
  for (const id of rest) t.queue.succeed(id);
  stream.end();
  await vi.waitUntil(() => t.queue.records.size === 10_001);
  t.queue.succeed([...t.queue.records.keys()].at(-1) ?? '');
  await reader.ended;
  expect(reader.told.filter((text) => text === 'event succeeded')).toHaveLength(10_001);
});

test('a slow reader stops the reading of items, and gets every chunk in the end', async () => {
  const stream = t.broker.submitMany(openCall().call);
  t.queue.create(other);
  t.queue.start(other);
  await stream.push([watch('w', other)]);
  await vi.waitUntil(() => t.queue.watchers.has(other));
  await new Promise(setImmediate);
  const texts = Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(100_000, '.'));
  for (const text of texts) t.queue.emit(other, text);
  t.queue.succeed(other);
  let read = false;
  void stream.push([submit('a')]).then(() => {
    read = true;
  });
  await new Promise(setImmediate);
  expect(read).toBe(false);
  stream.end();
  const reader = new Reader(stream);
  await reader.ended;
  expect(read).toBe(true);
  expect(reader.told.filter((text) => text.startsWith('chunk '))).toEqual(texts.map((text) => `chunk ${text}`));
  expect(Math.max(...reader.arrays.map(({ length }) => length))).toBeLessThan(120);
});

test('a client that leaves takes its follows along, and cancels what it wanted cancelled', async () => {
  const kept = newTaskId(startTime - 2_000, 0, new Uint8Array(14));
  t.queue.create(other);
  t.queue.create(kept);
  const { stream, reader, leave } = open();
  await stream.push([watch('w', other, 0, true), watch('k', kept)]);
  await vi.waitUntil(() => reader.told.length === 2);
  leave();
  await reader.ended;
  await vi.waitUntil(() => !t.queue.watchers.has(kept));
  expect(t.queue.records.get(other)?.state).toBe('cancelled');
  expect(t.queue.records.get(kept)?.state).toBe('queued');
});

test('a server that stops says so and cancels nothing', async () => {
  t.queue.create(other);
  const { stream, reader, leave } = open();
  await stream.push([watch('w', other, 0, true)]);
  await vi.waitUntil(() => reader.told.length === 1);
  t.broker.stop();
  await reader.ended;
  leave();
  expect((reader.error as WatchBroken).refusal.reason).toBe('SHUTTING_DOWN');
  expect(t.queue.callsOf('cancel')).toEqual([]);
});
