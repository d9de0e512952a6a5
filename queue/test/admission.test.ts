import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { NewTask } from '../queue.ts';
import { Script } from '../scripts.ts';
import { newId, newTask } from './support/build.ts';
import { completed, failed, openStorage, until } from './support/storage.ts';

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

test('a dead letter stays one where its queue is full', async () => {
  const letters = [await storage.start(), await storage.start()];
  await storage.run.settle(letters.map(failed));
  const { submission } = await storage.connect({ limits: { maxTasks: 1 } });
  const redrive = () => submission.redrive(letters.map(({ id }) => ({ id, newId: newId() })));
  const { redriven, full } = await redrive();
  expect([...redriven.keys()]).toEqual([letters[0]?.id]);
  expect(full).toEqual([{ id: letters[1]?.id, queue: 'default', what: 'tasks' }]);
  expect((await submission.listDeadLetters({}, 10)).tasks.map(({ id }) => id)).toEqual([letters[1]?.id]);
  // One that was redriven before is answered; the other goes when there is room.
  await storage.claim();
  expect(await redrive()).toMatchObject({ full: [], redriven: { size: 2 } });
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

test('above the memory watermark what was submitted before is still answered, and a dead letter redriven', async () => {
  const held = newTask({ idempotency: { key: 'k', digest: 'd' } });
  await storage.tasks.submit([held]);
  const letter = await storage.start({ priority: 9 });
  await storage.run.settle([failed(letter)]);
  await storage.redis.config('SET', 'maxmemory', '100mb');
  try {
    const { submission } = await storage.connect({ limits: { memoryWatermark: 0.000_001 } });
    const tasks = [
      newTask(),
      held,
      newTask({ idempotency: { key: 'k', digest: 'd' } }),
      newTask({ idempotency: { key: 'k', digest: 'e' } }),
      newTask({ input: Buffer.alloc(20_000), metadata: Buffer.from('m') }),
    ];
    expect((await submission.submit(tasks)).map(({ kind }) => kind)).toEqual(['full', 'accepted', 'duplicate', 'conflict', 'full']);
    expect((await submission.redrive([{ id: letter.id, newId: newId() }])).redriven.size).toBe(1);
  } finally {
    await storage.redis.config('SET', 'maxmemory', '0');
  }
});

/** What Redis has room for before it says OOM; calls `work`, and resolves to how often it said so. */
async function withMemory(bytes: number, work: () => Promise<void>): Promise<number> {
  await storage.redis.config('RESETSTAT');
  const used = Number(/^used_memory:(\d+)/m.exec(await storage.redis.info('memory'))?.[1]);
  await storage.redis.config('SET', 'maxmemory', String(used + bytes));
  try {
    await work();
  } finally {
    await storage.redis.config('SET', 'maxmemory', '0');
  }
  return Number(/^errorstat_OOM:count=(\d+)/m.exec(await storage.redis.info('errorstats'))?.[1] ?? 0);
}

test('what is let in between two looks at memory counts, by this server and by others', async () => {
  const task = () => newTask({ input: Buffer.alloc(50_000) });
  const kinds: string[] = [];
  const outOfMemory = await withMemory(10_000_000, async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => storage.connect()));
    for (let round = 0; round < 40; round++) {
      for (const { submission } of servers) kinds.push(...(await submission.submit([task()])).map(({ kind }) => kind));
    }
  });
  expect(outOfMemory).toBe(0);
  expect(kinds.filter((kind) => kind === 'accepted').length).toBeGreaterThan(80);
  expect(kinds.filter((kind) => kind === 'full').length).toBeGreaterThan(80);
});

test('more in one call than memory has room for is taken as far as it has', async () => {
  const kinds: string[] = [];
  const outOfMemory = await withMemory(10_000_000, async () => {
    const { submission } = await storage.connect();
    const outcomes = await submission.submit(Array.from({ length: 300 }, () => newTask({ input: Buffer.alloc(50_000) })));
    kinds.push(...outcomes.map(({ kind }) => kind));
  });
  expect(outOfMemory).toBe(0);
  expect([kinds[0], kinds.at(-1)]).toEqual(['accepted', 'full']);
});

test('a large input leaves nothing behind where memory is full only when it is there, and takes neither input nor result of its task', async () => {
  const [ended, waiting, large] = [1, 2, 3].map(() => newTask({ input: Buffer.alloc(20_000) })) as [NewTask, NewTask, NewTask];
  const { submission } = await storage.connect({ limits: { memoryWatermark: Number.MAX_SAFE_INTEGER } });
  await submission.submit([ended]);
  const [first] = await storage.claim();
  if (first) await storage.run.settle([completed(first)]);
  await submission.submit([waiting]);
  const run = Script.prototype.run;
  let staged = 0;
  Script.prototype.run = async function (redis, args, partition) {
    // Behind the SETs, before the script.
    if (staged === 0) staged = await storage.redis.exists(key('payload', large.id));
    await storage.redis.config('SET', 'maxmemory', '1');
    return run.call(this, redis, args, partition);
  };
  try {
    expect(await submission.submit([large, waiting, ended])).toEqual(Array(3).fill({ kind: 'full', what: 'memory' }));
    expect(staged).toBe(1);
    expect(await storage.redis.exists(...[ended, waiting, large].map(({ id }) => key('payload', id)))).toBe(2);
    expect(Buffer.from((await storage.tasks.readOutput(ended.id)) ?? []).toString()).toBe('an output');
  } finally {
    Script.prototype.run = run;
    await storage.redis.config('SET', 'maxmemory', '0');
  }
  const [claimed] = await storage.claim();
  expect(claimed?.input).toHaveLength(20_000);
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
