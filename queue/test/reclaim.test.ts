import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { QueueConnection } from '../queue.ts';
import { newTask, pool } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const leaseMs = 300;
const storage = openStorage({ leaseMs }, { appendonly: 'yes' });

/** One call, as by the process whose turn it is. */
async function reclaim(connection: QueueConnection = storage.connection): Promise<number> {
  await storage.redis.del(key('turn', 'reclaim'));
  return connection.upkeep.reclaim();
}

/** Calls often, as a process does, until something was taken back; a slow machine breaks contact and makes it anew. */
async function reclaimed(
  connection: QueueConnection = storage.connection,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<number> {
  let taken = 0;
  await until(async () => {
    await meanwhile();
    taken = await reclaim(connection);
    return taken > 0;
  });
  return taken;
}

/** In contact for a lease: a task that vanished was taken back just now. */
async function inContact(connection: QueueConnection = storage.connection): Promise<void> {
  const vanished = await storage.start({ queue: 'default' }, 'x3');
  await storage.age(vanished, leaseMs * 9);
  await reclaimed(connection);
  await storage.tasks.cancel({ id: vanished.id, force: false });
}

test('the task of a vanished worker comes back after its lease, uncharged, before what waits', async () => {
  const task = await storage.start();
  await storage.submit({ priority: 9 });
  await reclaimed();
  expect(await storage.look(task.id)).toMatchObject({
    state: 'queued',
    chargedAttempts: 0,
    earlierExecutions: [{ executor: 'x1', error: { code: 'WORKER_LOST' } }],
  });
  expect(await storage.claim({ executor: 'x2' })).toMatchObject([{ id: task.id, attempt: 2, solo: false }]);
  expect((await storage.run.settle([completed(task)])).outcomes).toEqual(['refused']);
});

test('an attempt that is renewed is not reclaimed, however long it runs', async () => {
  const task = await storage.start();
  const vanished = await storage.start({}, 'x2');
  await reclaimed(storage.connection, () => storage.run.extend('x1', [task]));
  expect([await storage.state(task.id), await storage.state(vanished.id)]).toEqual(['running', 'queued']);
});

test('of a renewal and a reclaim at the same moment one wins, and both agree', async () => {
  const { execution } = await storage.connect();
  await inContact();
  for (let round = 0; round < 15; round++) {
    const task = await storage.start();
    await storage.age(task, leaseMs * 5);
    await storage.redis.del(key('turn', 'reclaim'));
    const reclaiming = () => storage.upkeep.reclaim();
    const renewing = () => execution.extend('x1', [task]);
    const [taken, extended] =
      round % 2
        ? await Promise.all([reclaiming(), renewing()])
        : await Promise.all([renewing(), reclaiming()]).then(([held, count]) => [count, held] as const);
    expect([taken, extended]).toEqual(taken === 1 ? [1, ['lost']] : [0, ['held']]);
    const current = taken === 0 ? [task] : await storage.claim();
    expect((await storage.run.settle(current.map((one) => completed(one)))).outcomes).toEqual(['accepted']);
  }
});

test('a second lost lease sends a task to solo, the fifth ends it', async () => {
  const id = await storage.submit();
  const solo: boolean[] = [];
  for (let lost = 1; lost <= 5; lost++) {
    const [task] = await storage.claim();
    if (!task) throw new Error('nothing was claimed');
    solo.push(task.solo);
    await storage.age(task, leaseMs * 2);
    await reclaimed();
  }
  expect(solo).toEqual([false, false, true, true, true]);
  expect(await storage.look(id)).toMatchObject({ state: 'failed', attempt: 5, chargedAttempts: 0, error: { code: 'WORKER_LOST' } });
});

test('a lost lease ends a task that was to be cancelled', async () => {
  const task = await storage.start();
  await storage.tasks.cancel({ id: task.id, force: false });
  await reclaimed();
  expect(await storage.state(task.id)).toBe('cancelled');
});

test('a reclaimer does nothing before a full lease of contact', async () => {
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  const fresh = await storage.connect();
  const from = performance.now();
  expect(await reclaimed(fresh)).toBe(1);
  expect(performance.now() - from).toBeGreaterThan(leaseMs);
});

test('calls that are more than a third of a lease apart are no contact', async () => {
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  const slow = await storage.connect();
  for (let call = 0; call < 5; call++) {
    expect(await reclaim(slow)).toBe(0);
    // The time itself is what is tested.
    await new Promise((resolve) => setTimeout(resolve, leaseMs / 2));
  }
  expect(await storage.state(task.id)).toBe('running');
  // And one that breaks off has to be kept for a full lease again.
  const from = performance.now();
  expect(await reclaimed(slow)).toBe(1);
  expect(performance.now() - from).toBeGreaterThan(leaseMs);
});

test('a Redis that was frozen for longer than a lease costs no task its lease', async () => {
  const renewing = await storage.connect();
  await inContact();
  const tasks = [await storage.start(), await storage.start()];
  await reclaim();
  storage.server.freeze();
  const sent = storage.upkeep.reclaim();
  await new Promise((resolve) => setTimeout(resolve, leaseMs * 1.5));
  const renewed = renewing.execution.extend('x1', tasks);
  storage.server.thaw();
  expect([await sent, await renewed]).toEqual([0, ['held', 'held']]);
  expect(await reclaim()).toBe(0);
});

test('a restarted Redis is a new contact', async () => {
  await inContact();
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  await storage.server.restart('SIGTERM');
  expect([await reclaim(), await reclaim()]).toEqual([0, 0]);
  expect(await storage.state(task.id)).toBe('running');
  expect(await reclaimed()).toBe(1);
});

test('one of several processes looks, and all keep contact', async () => {
  const other = await storage.connect();
  await inContact();
  await inContact(other);
  await storage.redis.set(key('turn', 'reclaim'), '1', 'PX', 60_000);
  const task = await storage.start();
  await storage.age(task, leaseMs * 9);
  expect(await other.upkeep.reclaim()).toBe(0);
  expect(await reclaimed(other)).toBe(1);
});

test('many lost tasks come back once, over several calls and reclaimers', async () => {
  await storage.tasks.submit(Array.from({ length: 700 }, () => newTask()));
  const claimed = await storage.claim({ queues: [[pool({ maxTasks: 700 })]] });
  expect(claimed).toHaveLength(700);
  const other = await storage.connect();
  let taken = 0;
  await until(async () => {
    for (const count of await Promise.all([reclaim(storage.connection), reclaim(other)])) taken += count;
    return taken >= 700;
  });
  expect(taken).toBe(700);
  expect((await storage.tasks.queueStats(['default']))[0]).toMatchObject({ waitingReturned: 700, running: 0 });
  await storage.redis.flushall();
});
