import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newTask, pool, workerEntry } from './support/build.ts';
import { remaining } from './support/invariants.ts';
import { completed, failed, openStorage, ran, released, retried } from './support/storage.ts';

const storage = openStorage();

test('a completed task has its result, its execution and an end', async () => {
  const task = await storage.start({ resultTtlMs: 5_000 });
  const settlement = { ...completed(task), ranMs: 12.6, batchTasks: 4, batchRows: 8, partial: true };
  expect((await storage.run.settle([settlement])).outcomes).toEqual(['accepted']);
  const snapshot = await storage.look(task.id);
  expect(snapshot).toMatchObject({
    state: 'succeeded',
    partial: true,
    outputBytes: 9,
    chargedAttempts: 0,
    execution: { attempt: 1, worker: 'w1', executor: 'x1', ranMs: 13, batchTasks: 4, batchRows: 8 },
  });
  expect(Buffer.from(snapshot.output ?? []).toString()).toBe('an output');
  expect(snapshot.resultExpiresAt).toBe((snapshot.endedAt ?? 0) + 5_000);
  expect(await storage.redis.pttl(key('record', task.id))).toBeLessThanOrEqual(5_000);
});

test('a stale attempt changes nothing, by any verb', async () => {
  const stale = await storage.start();
  await storage.run.settle([retried(stale)]);
  await storage.upkeep.promote();
  const [current] = await storage.claim({ executor: 'x2' });
  const before = await storage.look(stale.id);
  const old = { id: stale.id, token: '1-0' };
  const all = [completed(old), failed(old), retried(old), released(old), { verb: 'cancel', ...old, ...ran } as const];
  expect((await storage.run.settle(all)).outcomes).toEqual(Array(5).fill('refused'));
  expect(await storage.run.extend('x1', [old])).toEqual(['lost']);
  expect(await storage.run.emit([{ ...old, kind: 'chunk', index: 0, payload: Buffer.from('a') }])).toEqual(['lost']);
  expect(await storage.look(stale.id)).toEqual(before);
  if (current) expect((await storage.run.settle([completed(current)])).outcomes).toEqual(['accepted']);
});

test('another executor cannot renew an attempt, though it knows the token', async () => {
  const task = await storage.start();
  expect(await storage.run.extend('x2', [task])).toEqual(['lost']);
  expect(await storage.run.extend('x1', [task])).toEqual(['held']);
});

test('a settlement that is sent again is accepted and does nothing, for every verb', async () => {
  for (const settle of [completed, failed, retried, released]) {
    const task = await storage.start();
    expect((await storage.run.settle([settle(task), settle(task)])).outcomes).toEqual(['accepted', 'accepted']);
    const before = await storage.look(task.id);
    expect((await storage.run.settle([settle(task)])).outcomes).toEqual(['accepted']);
    expect(await storage.look(task.id)).toEqual(before);
    await storage.redis.flushall();
    await storage.register('x1');
  }
});

test('a settlement for a task that nobody knows is refused', async () => {
  expect((await storage.run.settle([completed({ id: newTask().id, token: '1-1' })])).outcomes).toEqual(['refused']);
});

test('many settlements in one call are answered in their order', async () => {
  const tasks = Array.from({ length: 1_200 }, () => newTask());
  await storage.tasks.submit(tasks);
  const claimed = await storage.claim({ queues: [[pool({ maxTasks: 1_200, maxRows: 5_000 })]] });
  expect(claimed).toHaveLength(1_200);
  const settlements = claimed.map((task, index) =>
    index % 3 ? completed(task, Buffer.alloc(2_000, index)) : { ...failed(task), token: 'no' },
  );
  const { outcomes } = await storage.run.settle(settlements);
  expect(outcomes).toEqual(claimed.map((_task, index) => (index % 3 ? 'accepted' : 'refused')));
  await storage.redis.flushall();
});

test('a retry is charged, waits its delay and keeps its history', async () => {
  const task = await storage.start();
  await storage.run.settle([retried(task, 60_000)]);
  const waiting = await storage.look(task.id);
  expect(waiting).toMatchObject({ state: 'scheduled', attempt: 1, chargedAttempts: 1 });
  expect([waiting.error, waiting.execution, waiting.startedAt]).toEqual([undefined, undefined, undefined]);
  expect(waiting.earlierExecutions).toMatchObject([
    {
      attempt: 1,
      executor: 'x1',
      worker: 'w1',
      device: 'cpu',
      ranMs: 5,
      error: { code: 'MODEL_ERROR', message: 'It failed.', detail: 'a stack' },
    },
  ]);
  expect((waiting.notBefore ?? 0) - (waiting.earlierExecutions[0]?.endedAt ?? 0)).toBe(60_000);
  expect(await storage.claim()).toEqual([]);
});

test('a task that succeeds after a retry shows no error of its own', async () => {
  const task = await storage.start();
  await storage.run.settle([retried(task)]);
  await storage.upkeep.promote();
  const [again] = await storage.claim();
  expect(again).toMatchObject({ attempt: 2, chargedAttempts: 1 });
  if (again) await storage.run.settle([completed(again)]);
  const snapshot = await storage.look(task.id);
  expect([snapshot.state, snapshot.error, snapshot.earlierExecutions.length]).toEqual(['succeeded', undefined, 1]);
});

test('after its last attempt a task is FAILED with the error of that attempt', async () => {
  const id = await storage.submit({ maxAttempts: 2 });
  for (const state of ['scheduled', 'failed']) {
    const [task] = await storage.claim();
    if (task) await storage.run.settle([retried(task)]);
    expect(await storage.state(id)).toBe(state);
    await storage.upkeep.promote();
  }
  expect(await storage.look(id)).toMatchObject({
    attempt: 2,
    chargedAttempts: 2,
    error: { code: 'MODEL_ERROR' },
    execution: { attempt: 2 },
  });
});

test('fail ends a task at once, whatever attempts are left', async () => {
  const task = await storage.start({ maxAttempts: 100 });
  await storage.run.settle([failed(task)]);
  expect(await storage.look(task.id)).toMatchObject({
    state: 'failed',
    chargedAttempts: 1,
    error: { code: 'MODEL_ERROR', detail: 'a stack' },
  });
});

test('long errors are cut to their limit, between characters', async () => {
  const task = await storage.start();
  const error = { code: 'MODEL_ERROR', message: 'm', detail: `a${'é'.repeat(5_000)}` } as const;
  await storage.run.settle([{ ...failed(task), error }]);
  const { error: stored } = await storage.look(task.id);
  expect(Buffer.byteLength(stored?.detail ?? '')).toBe(4_095);
  expect(stored?.detail).toMatch(/^aé+$/);
});

test('a release is uncharged and goes before what waits', async () => {
  const task = await storage.start();
  await storage.submit({ priority: 9 });
  await storage.run.settle([released(task)]);
  expect(await storage.look(task.id)).toMatchObject({
    state: 'queued',
    attempt: 1,
    chargedAttempts: 0,
    earlierExecutions: [{ attempt: 1 }],
  });
  const [again] = await storage.claim();
  expect(again).toMatchObject({ id: task.id, attempt: 2, solo: false });
});

test('the history of a task that is released for ever stays short', async () => {
  const id = await storage.submit();
  for (let count = 0; count < 105; count++) {
    const [task] = await storage.claim();
    if (task) await storage.run.settle([released(task)]);
  }
  const { earlierExecutions, attempt } = await storage.look(id);
  expect([earlierExecutions.length, earlierExecutions[0]?.attempt, attempt]).toEqual([100, 6, 105]);
});

test('an attempt has a token of its own, also where Redis has forgotten that it was given before', async () => {
  const id = await storage.submit();
  const names = [key('record', id), key('lane', 'default:m:1:5'), key('ready', 'default:m:1')];
  const dumps = await Promise.all(names.map((name) => storage.redis.dumpBuffer(name)));
  const [first] = await storage.claim();
  await Promise.all(names.map((name, index) => storage.redis.restore(name, 0, dumps[index] ?? '', 'REPLACE')));
  const [again] = await storage.claim({ executor: 'x2' });
  expect([again?.id, again?.attempt]).toEqual([id, 1]);
  expect(first && (await storage.run.settle([completed(first)])).outcomes).toEqual(['refused']);
});

test('a task without a result stores neither output nor chunks and is gone after a minute', async () => {
  const task = await storage.start({ ignoreResult: true });
  await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: Buffer.from('a') }]);
  await storage.run.settle([completed(task)]);
  expect(await storage.look(task.id)).toMatchObject({ state: 'succeeded', ignoreResult: true, outputBytes: 0 });
  expect(await storage.redis.exists(key('payload', task.id), key('log', task.id))).toBe(0);
  const ttl = await storage.redis.pttl(key('record', task.id));
  expect(ttl > 55_000 && ttl <= 60_000).toBe(true);
  expect(await storage.redis.get(key('retained'))).toBeNull();
});

test('when everything has ended, every key ends or is one of those that last', async () => {
  const metadata = Buffer.from('m');
  for (const [index, settle] of [completed, released, retried, completed].entries()) {
    const task = await storage.start({ metadata, idempotency: { key: `k${index}`, digest: 'd' } });
    await storage.run.emit([
      { ...task, kind: 'chunk', index: 0, payload: Buffer.from('a') },
      { ...task, kind: 'progress', message: 'long '.repeat(50) },
    ]);
    await storage.run.settle([settle(task)]);
    await storage.upkeep.promote();
    const [again] = await storage.claim();
    if (again) await storage.run.settle([completed(again)]);
  }
  await storage.tasks.cancel({ id: await storage.submit({ delayMs: 9_999, startDeadline: Date.now() + 99_999 }), force: false });
  await storage.upkeep.promote();
  await storage.registry.retireWorker(workerEntry());
  await storage.upkeep.prune();
  expect(await remaining(storage.redis)).toEqual([]);
});
