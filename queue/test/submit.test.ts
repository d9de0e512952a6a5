import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newId, newTask } from './support/build.ts';
import { completed, failed, openStorage } from './support/storage.ts';

const storage = openStorage();

test('an accepted task is queued with its input and its options', async () => {
  const metadata = Buffer.from([0, 255, 13]);
  const id = await storage.submit({ priority: 7, rows: 3, metadata, maxAttempts: 5, softLimitMs: 9, contents: true });
  expect(await storage.look(id)).toMatchObject({
    id,
    state: 'queued',
    model: 'm',
    version: '1',
    queue: 'default',
    priority: 7,
    maxAttempts: 5,
    attempt: 0,
    sequence: 1,
    contents: true,
    earlierExecutions: [],
  });
  expect(Buffer.from((await storage.look(id)).metadata ?? [])).toEqual(metadata);
});

test('a call of many tasks answers for each in its place', async () => {
  const tasks = Array.from({ length: 2_500 }, (_, index) => newTask({ input: Buffer.from(String(index)) }));
  const outcomes = await storage.tasks.submit(tasks);
  expect(outcomes.map((outcome) => outcome.kind === 'accepted' && outcome.id)).toEqual(tasks.map(({ id }) => id));
  const [stats] = await storage.tasks.queueStats(['default']);
  expect(stats?.waitingByPriority).toEqual({ 5: 2_500 });
  await storage.redis.flushall();
});

test('a submission that is sent again is the same task, whatever became of it', async () => {
  const task = newTask();
  const [first] = await storage.tasks.submit([task]);
  expect(await storage.tasks.submit([task, task])).toEqual([first, first]);
  const [claimed] = await storage.claim();
  expect(await storage.tasks.submit([task])).toEqual([first]);
  if (claimed) await storage.run.settle([completed(claimed)]);
  expect(await storage.tasks.submit([task])).toEqual([first]);
  expect(await storage.state(task.id)).toBe('succeeded');
  expect(await storage.claim()).toEqual([]);
});

test('the same idempotency key and content give the same task as a duplicate', async () => {
  const idempotency = { key: 'k1', digest: 'd1' };
  const id = await storage.submit({ idempotency });
  const [outcome] = await storage.tasks.submit([newTask({ idempotency })]);
  expect(outcome).toMatchObject({ kind: 'duplicate', snapshot: { id, state: 'queued' } });
});

test('two tasks of one call with the same key are one task', async () => {
  const idempotency = { key: 'k1', digest: 'd1' };
  const [one, other] = [newTask({ idempotency }), newTask({ idempotency })];
  expect(await storage.tasks.submit([one, other])).toMatchObject([{ kind: 'accepted' }, { kind: 'duplicate', snapshot: { id: one.id } }]);
});

test('the same key with other content is a conflict that names the task', async () => {
  const id = await storage.submit({ idempotency: { key: 'k1', digest: 'd1' } });
  expect(await storage.tasks.submit([newTask({ idempotency: { key: 'k1', digest: 'd2' } })])).toEqual([{ kind: 'conflict', id }]);
});

test('a key lives as long as its task, also one that failed', async () => {
  const idempotency = { key: 'k1', digest: 'd1' };
  const task = await storage.start({ idempotency });
  await storage.run.settle([completed(task)]);
  expect(await storage.redis.pexpiretime(key('idempotency', 'k1'))).toBe(await storage.redis.pexpiretime(key('record', task.id)));
  const other = await storage.start({ idempotency: { key: 'k2', digest: 'd' } });
  await storage.run.settle([failed(other)]);
  const [again] = await storage.tasks.submit([newTask({ idempotency: { key: 'k2', digest: 'd' } })]);
  expect(again).toMatchObject({ kind: 'duplicate', snapshot: { id: other.id, state: 'failed' } });
});

test('a key whose task is gone is free again', async () => {
  const idempotency = { key: 'k1', digest: 'd1' };
  await storage.redis.set(key('idempotency', 'k1'), `d1 ${newId()}`);
  const id = await storage.submit({ idempotency });
  expect(await storage.redis.get(key('idempotency', 'k1'))).toBe(`d1 ${id}`);
});

test('a delayed task is scheduled and waits until promote finds it due', async () => {
  const later = await storage.submit({ delayMs: 60_000 });
  const soon = await storage.submit({ notBefore: (await storage.tasks.now()) + 60_000 });
  const past = await storage.submit({ notBefore: 1 });
  expect(await Promise.all([later, soon, past].map(storage.state))).toEqual(['scheduled', 'scheduled', 'queued']);
  expect(await storage.upkeep.promote()).toBe(0);
  await storage.redis.zadd(key('scheduled', 'default'), 1, soon);
  expect(await storage.upkeep.promote()).toBe(1);
  expect(await Promise.all([later, soon].map(storage.state))).toEqual(['scheduled', 'queued']);
});
