import { expect, test } from 'vitest';
import type { QueueConnection } from '../queue.ts';
import { newTask, pool } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const leaseMs = 300;
const storage = openStorage({ leaseMs });

/** Calls reclaim often until it has been in contact for a lease; resolves to what it took back meanwhile. */
async function inContact(connection: QueueConnection): Promise<number> {
  const from = performance.now();
  let taken = 0;
  while (performance.now() - from < leaseMs * 1.3) {
    taken += await connection.upkeep.reclaim();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return taken;
}

/** The next call that looks: another process may have had the turn. */
async function reclaim(connection: QueueConnection = storage.connection): Promise<number> {
  await storage.redis.del('iq:{0}:turn:reclaim');
  return connection.upkeep.reclaim();
}

test('the task of a vanished worker comes back after its lease, uncharged, before what waits', async () => {
  const task = await storage.start();
  await storage.submit({ priority: 9 });
  await inContact(storage.connection);
  await storage.age(task, leaseMs);
  expect(await reclaim()).toBe(0);
  expect(await storage.look(task.id)).toMatchObject({
    state: 'queued',
    chargedAttempts: 0,
    earlierExecutions: [{ executor: 'x1', error: { code: 'WORKER_LOST' } }],
  });
  expect(await storage.claim({ executor: 'x2' })).toMatchObject([{ id: task.id, attempt: 2, solo: false }]);
  expect((await storage.run.settle([completed(task)])).outcomes).toEqual(['refused']);
});

test('an attempt that is renewed is not reclaimed', async () => {
  const task = await storage.start();
  await inContact(storage.connection);
  await storage.age(task, leaseMs * 5);
  expect(await storage.run.extend('x1', [task])).toEqual(['held']);
  expect(await reclaim()).toBe(0);
  expect(await storage.state(task.id)).toBe('running');
});

test('of a renewal and a reclaim at the same moment one wins, and both agree', async () => {
  const { execution } = await storage.connect();
  await inContact(storage.connection);
  for (let round = 0; round < 15; round++) {
    const task = await storage.start();
    await storage.age(task, leaseMs * 5);
    await storage.redis.del('iq:{0}:turn:reclaim');
    const calls = [() => storage.upkeep.reclaim(), () => execution.extend('x1', [task])] as const;
    const [taken, extended] = round % 2 ? await Promise.all([calls[0](), calls[1]()]) : (await Promise.all([calls[1](), calls[0]()])).reverse();
    expect([taken, extended]).toEqual(taken === 1 ? [1, ['lost']] : [0, ['held']]);
    if (taken === 0) await storage.run.settle([completed(task)]);
    else for (const again of await storage.claim()) await storage.run.settle([completed(again)]);
  }
});

test('a second lost lease sends a task to solo, the fifth ends it', async () => {
  const id = await storage.submit();
  await inContact(storage.connection);
  const solo: boolean[] = [];
  for (let lost = 1; lost <= 5; lost++) {
    const [task] = await storage.claim();
    if (!task) throw new Error('nothing was claimed');
    solo.push(task.solo);
    await storage.age(task, leaseMs * 2);
    expect(await reclaim()).toBe(1);
  }
  expect(solo).toEqual([false, false, true, true, true]);
  expect(await storage.look(id)).toMatchObject({ state: 'failed', attempt: 5, chargedAttempts: 0, error: { code: 'WORKER_LOST' } });
});

test('a lost lease ends a task that was to be cancelled', async () => {
  const task = await storage.start();
  await storage.tasks.cancel({ id: task.id, force: false });
  await inContact(storage.connection);
  await storage.age(task, leaseMs * 2);
  await reclaim();
  expect(await storage.state(task.id)).toBe('cancelled');
});

test('a reclaimer does nothing before a full lease of contact', async () => {
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  const fresh = await storage.connect();
  expect([await fresh.upkeep.reclaim(), await fresh.upkeep.reclaim(), await fresh.upkeep.reclaim()]).toEqual([0, 0, 0]);
  expect(await inContact(fresh)).toBe(1);
});

test('calls that are more than a third of a lease apart are no contact', async () => {
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  const slow = await storage.connect();
  for (let call = 0; call < 5; call++) {
    expect(await slow.upkeep.reclaim()).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, leaseMs / 2));
  }
  expect(await inContact(slow)).toBe(1);
});

test('a Redis that was frozen for longer than a lease costs no task its lease', async () => {
  const tasks = [await storage.start(), await storage.start()];
  await inContact(storage.connection);
  const renewing = await storage.connect();
  storage.server.freeze();
  const sent = storage.upkeep.reclaim();
  await new Promise((resolve) => setTimeout(resolve, leaseMs * 1.5));
  const renewed = renewing.execution.extend('x1', tasks);
  storage.server.thaw();
  expect([await sent, await renewed]).toEqual([0, ['held', 'held']]);
  expect(await reclaim()).toBe(0);
});

test('a restarted Redis is a new contact', async () => {
  const task = await storage.start();
  await inContact(storage.connection);
  await storage.age(task, leaseMs * 9);
  await storage.redis.config('SET', 'appendonly', 'yes');
  await until(async () => /aof_rewrite_in_progress:0/.test(await storage.redis.info('persistence')));
  await storage.redis.save();
  await storage.server.restart('SIGTERM');
  expect([await reclaim(), await reclaim()]).toEqual([0, 0]);
  await until(async () => storage.connection.state === 'up');
  expect(await storage.state(task.id)).toBe('running');
  expect(await inContact(storage.connection)).toBe(1);
});

test('many lost tasks come back once, over several calls and reclaimers', async () => {
  await storage.tasks.submit(Array.from({ length: 700 }, () => newTask()));
  const claimed = await storage.claim({ queues: [[pool({ maxTasks: 700 })]] });
  const other = await storage.connect();
  await Promise.all([inContact(storage.connection), inContact(other)]);
  await Promise.all(claimed.map((task) => storage.age(task, leaseMs * 5)));
  let taken = 0;
  for (let call = 0; call < 20 && taken < 700; call++) {
    for (const count of await Promise.all([reclaim(storage.connection), reclaim(other)])) taken += count;
  }
  expect(taken).toBe(700);
  expect((await storage.tasks.queueStats(['default']))[0]).toMatchObject({ waitingReturned: 700, running: 0 });
  await storage.redis.flushall();
});
