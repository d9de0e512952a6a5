import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newTask } from './support/build.ts';
import { setStartDeadline } from './support/records.ts';
import { completed, failed, openStorage, released, retried, until } from './support/storage.ts';

const storage = openStorage();

/** Moves a task's start deadline into the past, as time would. */
async function pass(id: string): Promise<void> {
  await setStartDeadline(storage.redis, id, 1);
  await storage.redis.zadd(key('due'), 'XX', 1, `exp:${id}`);
}

test('a task that was not started in time is EXPIRED, queued or scheduled, though no worker is up', async () => {
  const queued = await storage.submit({ startWithinMs: 60_000, metadata: Buffer.from('m') });
  const scheduled = await storage.submit({ startDeadline: Date.now() + 60_000, delayMs: 90_000 });
  expect(await storage.upkeep.promote()).toBe(0);
  await Promise.all([queued, scheduled].map(pass));
  expect(await storage.upkeep.promote()).toBe(2);
  for (const id of [queued, scheduled])
    expect(await storage.look(id)).toMatchObject({ state: 'expired', error: { code: 'START_DEADLINE' } });
});

test('startWithin counts from the submission, by the clock of Redis', async () => {
  const id = await storage.submit({ startWithinMs: 5_000 });
  const { startDeadline = 0, submittedAt } = await storage.look(id);
  expect(startDeadline - submittedAt).toBe(5_000);
});

test('of a duration and a time the earlier one counts', async () => {
  const at = Date.now() + 3_600_000;
  const first = await storage.look(await storage.submit({ startWithinMs: 5_000, startDeadline: at }));
  expect((first.startDeadline ?? 0) - first.submittedAt).toBe(5_000);
  expect((await storage.look(await storage.submit({ startWithinMs: 7_200_000, startDeadline: at }))).startDeadline).toBe(at);
});

test('a start deadline ends by itself', async () => {
  const id = await storage.submit({ startWithinMs: 20 });
  await until(async () => (await storage.upkeep.promote()) > 0);
  expect(await storage.state(id)).toBe('expired');
});

test('a task that was started in time may run past its start deadline', async () => {
  const task = await storage.start({ startWithinMs: 60_000 });
  expect(task.startDeadline).toBeGreaterThan(Date.now());
  expect(await storage.redis.exists(key('due'))).toBe(0);
  await pass(task.id);
  await storage.upkeep.promote();
  await storage.run.settle([completed(task)]);
  expect(await storage.state(task.id)).toBe('succeeded');
});

test('the deadline holds again for a task that comes back', async () => {
  const task = await storage.start({ startWithinMs: 60_000 });
  await storage.run.settle([released(task)]);
  await pass(task.id);
  expect(await storage.claim()).toEqual([]);
  expect(await storage.look(task.id)).toMatchObject({ state: 'expired', attempt: 1 });
  const crashed = await storage.start({ startWithinMs: 60_000 });
  await storage.registry.strikeExecutor('x1', 'crash', 'SIGSEGV');
  await pass(crashed.id);
  expect(await storage.upkeep.promote()).toBe(1);
  expect(await storage.state(crashed.id)).toBe('expired');
});

test('a retry that would be due after the deadline is FAILED with its own error', async () => {
  const task = await storage.start({ startWithinMs: 30_000 });
  await storage.run.settle([retried(task, 30_001)]);
  expect(await storage.look(task.id)).toMatchObject({ state: 'failed', error: { code: 'MODEL_ERROR' } });
});

test('a retry that is due before the deadline but not started by then is EXPIRED, with its own error in its history', async () => {
  const task = await storage.start({ startWithinMs: 60_000 });
  await storage.run.settle([retried(task, 10_000)]);
  await pass(task.id);
  expect(await storage.upkeep.promote()).toBe(1);
  expect(await storage.look(task.id)).toMatchObject({
    state: 'expired',
    error: { code: 'START_DEADLINE' },
    earlierExecutions: [{ error: { code: 'MODEL_ERROR' } }],
  });
});

test('of a retry and its expiry at the same moment one wins', async () => {
  const { upkeep } = await storage.connect();
  const ids: string[] = [];
  for (let count = 0; count < 10; count++) {
    const task = await storage.start({ startWithinMs: 60_000 });
    ids.push(task.id);
    await storage.run.settle([retried(task, 1)]);
    await pass(task.id);
  }
  await Promise.all([storage.upkeep.promote(), upkeep.promote(), storage.claim(), storage.upkeep.promote()]);
  await until(async () => (await storage.upkeep.promote()) === 0);
  await storage.claim();
  for (const id of ids) expect(await storage.state(id)).toBe('expired');
});

test('many due tasks are promoted once, by however many processes', async () => {
  const { upkeep } = await storage.connect();
  await storage.tasks.submit(Array.from({ length: 30 }, () => newTask({ delayMs: 1 })));
  let moved = 0;
  await until(async () => {
    for (const count of await Promise.all([storage.upkeep.promote(), upkeep.promote()])) moved += count;
    return moved >= 30;
  });
  expect(moved).toBe(30);
  expect((await storage.tasks.queueStats(['default']))[0]).toMatchObject({ waitingByPriority: { 5: 30 }, scheduled: 0 });
});

test('a promoted retry goes to the lane of its priority and counts its wait anew', async () => {
  const task = await storage.start({ priority: 8 });
  await storage.run.settle([retried(task)]);
  await storage.upkeep.promote();
  expect((await storage.tasks.queueStats(['default']))[0]?.waitingByPriority).toEqual({ 8: 1 });
  const [again] = await storage.claim();
  expect(again && again.queuedMs <= again.startedAt - task.startedAt).toBe(true);
  if (again) await storage.run.settle([failed(again)]);
});
