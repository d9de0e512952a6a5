import { isTerminal } from '@inferq/core/task.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { Inbox, InboxMessage } from '../queue.ts';
import { recordFields } from '../record.ts';
import { newId, newTask, pool } from './support/build.ts';
import { completed, openStorage, released, retried, until } from './support/storage.ts';

const storage = openStorage();
let inbox: Inbox;
let publications: InboxMessage[][];

const all = () => publications.flat();
const events = (id: string) =>
  all().filter(
    (message) => (message.kind === 'snapshot' ? message.snapshot.id : message.kind === 'chunk' ? message.chunk.taskId : '') === id,
  );
const sequences = (id: string) =>
  events(id).map((event) => (event.kind === 'snapshot' ? event.snapshot.sequence : event.kind === 'chunk' ? event.chunk.sequence : 0));
const states = (id: string) => events(id).map((event) => (event.kind === 'snapshot' ? event.snapshot.state : event.kind));
const ended = (id: string) => events(id).some((event) => event.kind === 'snapshot' && isTerminal(event.snapshot.state));

beforeEach(async () => {
  publications = [];
  inbox = await storage.connection.openInbox('server-1');
  inbox.onMessages((messages) => publications.push(messages));
});
afterEach(() => inbox.close());

test('a watch gets the state as it is, then every change once, in rising sequence, the end last', async () => {
  const id = await storage.submit();
  const [snapshot] = await storage.tasks.inspect([id], 'server-1');
  expect(snapshot).toMatchObject({ state: 'queued', sequence: 1 });
  await storage.tasks.inspect([id], 'server-1');
  const [task] = await storage.claim();
  if (!task) throw new Error('nothing was claimed');
  await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: Buffer.from('a') }]);
  await storage.run.emit([{ ...task, kind: 'progress', fraction: 1, message: '' }]);
  await storage.run.settle([retried(task)]);
  await storage.upkeep.promote();
  const [again] = await storage.claim();
  await storage.tasks.cancel({ id, force: false });
  if (again) await storage.run.settle([completed(again)]);
  await until(() => ended(id));
  expect(states(id)).toEqual(['running', 'chunk', 'running', 'scheduled', 'queued', 'running', 'running', 'cancelled']);
  expect(sequences(id)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

test('the last event brings a small output and the metadata with it', async () => {
  const id = await storage.submit({ watchBy: 'server-1', metadata: Buffer.from('about') });
  const [task] = await storage.claim();
  if (task) await storage.run.settle([completed(task)]);
  await until(() => ended(id));
  const last = events(id).at(-1);
  const snapshot = last?.kind === 'snapshot' ? last.snapshot : undefined;
  expect([Buffer.from(snapshot?.output ?? []).toString(), Buffer.from(snapshot?.metadata ?? []).toString()]).toEqual([
    'an output',
    'about',
  ]);
  expect(snapshot).toEqual(await storage.look(id));
});

test('what one line tells of a task without incident is what its record says', async () => {
  const parts = { signature: 'x=FP32[64] y=INT64[]', startWithinMs: 90_000, softLimitMs: 5_000, contents: true, priority: 8, rows: 3 };
  const id = await storage.submit({ watchBy: 'server-1', ...parts });
  const [task] = await storage.claim();
  await until(() => states(id).includes('running'));
  const running = await storage.look(id);
  if (task) await storage.run.settle([{ ...completed(task), partial: true }]);
  await until(() => ended(id));
  expect(events(id).map((event) => event.kind === 'snapshot' && event.snapshot)).toEqual([running, await storage.look(id)]);
});

test('an inbox that wants the end only hears of nothing before it, and of that once, beside others that hear of all', async () => {
  const quiet = await storage.connection.openInbox('server-2');
  const heard: InboxMessage[] = [];
  quiet.onMessages((messages) => heard.push(...messages));
  const id = await storage.submit({ watchBy: 'server-2', endOnly: true });
  const both = await storage.submit({ watchBy: 'server-1', endOnly: true });
  await storage.tasks.inspect([id, both], 'server-1');
  for (const task of [...(await storage.claim()), ...(await storage.claim())]) {
    await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: Buffer.from('a') }]);
    await storage.run.settle([completed(task)]);
  }
  await until(() => heard.length > 0 && ended(id) && ended(both));
  expect(heard).toMatchObject([{ kind: 'snapshot', snapshot: { id, state: 'succeeded' } }]);
  for (const watched of [id, both]) expect(states(watched)).toEqual(['running', 'chunk', 'succeeded']);
  await quiet.close();
});

test('an inbox that waited for the end and left hears no more', async () => {
  const id = await storage.submit({ watchBy: 'server-1', endOnly: true });
  await storage.tasks.unwatch([id], 'server-1');
  expect(await storage.redis.hexists(key('record', id), recordFields.watchers)).toBe(0);
});

test('a large output is left out of the event', async () => {
  const id = await storage.submit({ watchBy: 'server-1' });
  const [task] = await storage.claim();
  if (task) await storage.run.settle([completed(task, Buffer.alloc(20_000))]);
  await until(() => ended(id));
  const last = events(id).at(-1);
  expect(last?.kind === 'snapshot' && [last.snapshot.outputBytes, last.snapshot.output]).toEqual([20_000, undefined]);
});

test('a large chunk is a bare wake-up', async () => {
  const task = await storage.start({ watchBy: 'server-1' });
  await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: Buffer.alloc(20_000) }]);
  await until(() => all().some(({ kind }) => kind === 'wake'));
  expect(all().at(-1)).toEqual({ kind: 'wake', id: task.id });
});

test('a task without a result tells its end without outputs', async () => {
  const task = await storage.start({ watchBy: 'server-1', ignoreResult: true });
  await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: Buffer.from('a') }]);
  await storage.run.settle([completed(task)]);
  await until(() => ended(task.id));
  expect(states(task.id)).toEqual(['running', 'chunk', 'succeeded']);
  const last = events(task.id).at(-1);
  expect(last?.kind === 'snapshot' && last.snapshot.output).toBeUndefined();
});

test('a batch is told in one publication for each inbox', async () => {
  const other = await storage.connection.openInbox('server-2');
  const heard: InboxMessage[][] = [];
  other.onMessages((messages) => heard.push(messages));
  const tasks = Array.from({ length: 20 }, (_, index) => newTask({ watchBy: index < 10 ? 'server-1' : 'server-2' }));
  await storage.tasks.submit(tasks);
  await storage.tasks.inspect([tasks[0]?.id ?? ''], 'server-2');
  const claimed = await storage.claim({ queues: [[pool({ maxTasks: 20 })]] });
  await storage.run.settle(claimed.map((task) => completed(task)));
  await until(() => publications.length === 2 && heard.length === 2);
  expect([publications.map(({ length }) => length), heard.map(({ length }) => length)]).toEqual([
    [10, 10],
    [11, 11],
  ]);
  await other.close();
});

test('a publication stays under 256 KB: more events come in several, in order', async () => {
  const sizes: number[] = [];
  const raw = storage.redis.duplicate();
  raw.on('smessageBuffer', (_channel: Buffer, payload: Buffer) => sizes.push(payload.length));
  await raw.ssubscribe('iq:{0}:inbox:server-1');
  const tasks = Array.from({ length: 60 }, () => newTask({ watchBy: 'server-1', metadata: Buffer.alloc(8_000) }));
  await storage.tasks.submit(tasks);
  const claimed = await storage.claim({ queues: [[pool({ maxTasks: 60 })]] });
  await storage.run.settle(claimed.map((task) => completed(task, Buffer.alloc(16_000))));
  await until(() => tasks.every(({ id }) => ended(id)));
  expect(Math.max(...sizes)).toBeLessThan(256 * 1024);
  expect(Math.max(...sizes)).toBeGreaterThan(150 * 1024);
  expect(all().filter(({ kind }) => kind === 'wake')).toEqual([]);
  raw.disconnect();
});

test('a snapshot too large to tell is a bare wake-up', async () => {
  const id = await storage.submit({ watchBy: 'server-1', maxAttempts: 100 });
  for (let count = 0; count < 40; count++) {
    const [task] = await storage.claim();
    if (task) await storage.run.settle([{ ...retried(task), error: { code: 'MODEL_ERROR', message: '', detail: 'd'.repeat(4_096) } }]);
    await storage.upkeep.promote();
  }
  await until(() => all().some(({ kind }) => kind === 'wake'));
  expect((await storage.look(id)).earlierExecutions).toHaveLength(40);
});

test('after unwatch there is silence, for this inbox only', async () => {
  const other = await storage.connection.openInbox('server-2');
  let heard = 0;
  other.onMessages(() => {
    heard++;
  });
  const id = await storage.submit({ watchBy: 'server-1' });
  await storage.tasks.inspect([id], 'server-2');
  await storage.tasks.unwatch([id, newId()], 'server-1');
  await storage.claim();
  await until(() => heard > 0);
  await storage.tasks.unwatch([id], 'server-2');
  const marker = await storage.submit({ watchBy: 'server-1' });
  await storage.claim();
  await until(() => events(marker).length > 0);
  expect(events(id)).toEqual([]);
  await other.close();
});

test('watching a task that has ended or is unknown leaves nothing behind', async () => {
  const task = await storage.start();
  await storage.run.settle([completed(task)]);
  const [snapshot, unknown] = await storage.tasks.inspect([task.id, newId()], 'server-1');
  expect([snapshot?.state, unknown]).toEqual(['succeeded', undefined]);
  expect(await storage.redis.hexists(key('record', task.id), recordFields.watchers)).toBe(0);
});

test('a duplicate submission and one sent again are watched too', async () => {
  const idempotency = { key: 'k', digest: 'd' };
  const task = newTask({ idempotency });
  await storage.tasks.submit([task]);
  await storage.tasks.submit([newTask({ idempotency, watchBy: 'server-1' })]);
  const [claimed] = await storage.claim();
  if (claimed) await storage.run.settle([released(claimed)]);
  await until(() => states(task.id).length === 2);
  expect(states(task.id)).toEqual(['running', 'queued']);
});

test('many tasks are inspected in the order that was asked for', async () => {
  const tasks = Array.from({ length: 1_100 }, () => newTask());
  await storage.tasks.submit(tasks);
  const ids = tasks.map(({ id }) => id).reverse();
  expect((await storage.tasks.inspect(ids)).map((task) => task?.id)).toEqual(ids);
  await storage.redis.flushall();
});
