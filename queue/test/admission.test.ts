import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newTask } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const storage = openStorage();

test('a queue takes exactly as many tasks as its limit, over calls and connections', async () => {
  const limits = { maxTasks: 5 };
  const [one, other] = await Promise.all([storage.connect({ limits }), storage.connect({ limits })]);
  const both = [one, other, one, other].map(({ submission }) => submission.submit([newTask(), newTask()]));
  const outcomes = (await Promise.all(both)).flat();
  expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(5);
  expect(outcomes.filter(({ kind }) => kind === 'full')).toEqual(Array(3).fill({ kind: 'full', what: 'tasks' }));
});

test('a claimed task makes room at once, a scheduled one takes it', async () => {
  const { submission } = await storage.connect({ limits: { maxTasks: 1 } });
  const accepts = async (parts = {}) => (await submission.submit([newTask(parts)]))[0]?.kind === 'accepted';
  expect([await accepts({ delayMs: 60_000 }), await accepts()]).toEqual([true, false]);
  await storage.redis.del(key('depth'));
  await storage.redis.zadd(key('scheduled', 'default'), 1, `${(await storage.redis.zrange(key('scheduled', 'default'), '0', '0'))[0]}`);
  await storage.upkeep.promote();
  expect(await accepts()).toBe(false);
  await storage.claim();
  expect([await accepts(), await accepts()]).toEqual([true, false]);
});

test('one queue being full is nothing to another', async () => {
  const { submission } = await storage.connect({ limits: { maxTasks: 1 } });
  const tasks = [newTask(), newTask(), newTask({ queue: 'batch' })];
  expect((await submission.submit(tasks)).map(({ kind }) => kind)).toEqual(['accepted', 'full', 'accepted']);
});

test('the bytes of unfinished tasks are limited, and come free when they end', async () => {
  const { submission } = await storage.connect({ limits: { maxBytes: 100 } });
  const submit = (size: number) => submission.submit([newTask({ input: Buffer.alloc(size) })]);
  expect(await submit(60)).toMatchObject([{ kind: 'accepted' }]);
  expect(await submit(41)).toEqual([{ kind: 'full', what: 'bytes' }]);
  expect(await submit(40)).toMatchObject([{ kind: 'accepted' }]);
  const [first] = await storage.claim();
  expect(await submit(1)).toEqual([{ kind: 'full', what: 'bytes' }]);
  if (first) await storage.run.settle([completed(first)]);
  expect(await submit(60)).toMatchObject([{ kind: 'accepted' }]);
});

test('retained results are limited until prune finds them expired', async () => {
  const { submission, upkeep } = await storage.connect({ limits: { retainedBytes: 50 } });
  const task = await storage.start({ resultTtlMs: 1 });
  await storage.run.settle([completed(task, Buffer.alloc(60))]);
  expect(await submission.submit([newTask()])).toEqual([{ kind: 'full', what: 'results' }]);
  await upkeep.prune();
  expect(await submission.submit([newTask()])).toEqual([{ kind: 'full', what: 'results' }]);
  // The minute in which they expire is over.
  const [minute] = await storage.redis.zrange(key('retainedMinutes'), '0', '0');
  await storage.redis.zadd(key('retainedMinutes'), 1, `${minute}`);
  await upkeep.prune();
  expect(await storage.redis.get(key('retained'))).toBe('0');
  expect(await submission.submit([newTask()])).toMatchObject([{ kind: 'accepted' }]);
});

test('a known task and a duplicate are answered though the queue is full', async () => {
  const { submission } = await storage.connect({ limits: { maxTasks: 1 } });
  const task = newTask({ idempotency: { key: 'k', digest: 'd' } });
  await submission.submit([task]);
  const outcomes = await submission.submit([task, newTask({ idempotency: { key: 'k', digest: 'd' } }), newTask()]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'duplicate', 'full']);
});

test('above the memory watermark tasks are refused, and taken again below it', async () => {
  await storage.redis.config('SET', 'maxmemory', '100mb');
  const { submission } = await storage.connect({ limits: { memoryWatermark: 0.000_001 } });
  expect(await submission.submit([newTask()])).toEqual([{ kind: 'full', what: 'memory' }]);
  await storage.redis.config('SET', 'maxmemory', '0');
  await until(async () => (await submission.submit([newTask()]))[0]?.kind === 'accepted');
});

test('where Redis is out of memory, submit says so and running tasks still end', async () => {
  const running = await storage.start();
  await storage.redis.config('SET', 'maxmemory', '1');
  try {
    const large = newTask({ input: Buffer.alloc(20_000) });
    const { submission } = await storage.connect({ limits: { memoryWatermark: Number.MAX_SAFE_INTEGER } });
    expect(await submission.submit([newTask()])).toEqual([{ kind: 'full', what: 'memory' }]);
    expect(await submission.submit([large, newTask()])).toEqual(Array(2).fill({ kind: 'full', what: 'memory' }));
    expect(await storage.run.extend('x1', [running])).toEqual(['held']);
    const output = Buffer.alloc(20_000, 7);
    expect((await storage.run.settle([completed(running, output)])).outcomes).toEqual(['accepted']);
    expect(Buffer.from((await storage.tasks.readOutput(running.id)) ?? [])).toEqual(output);
    await storage.upkeep.promote();
    await storage.upkeep.prune();
    expect(await storage.upkeep.takeTurn('prune', 5)).toBe(true);
  } finally {
    await storage.redis.config('SET', 'maxmemory', '0');
  }
});
