import { expect, test } from 'vitest';
import { freePort } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import { key } from '../keys.ts';
import type { InboxMessage, QueueConnection } from '../queue.ts';
import { newTask, pool } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const storage = openStorage({ leaseMs: 60_000 }, { appendonly: 'yes' });

async function settlesAll(connection: QueueConnection): Promise<void> {
  await until(() => connection.state === 'up');
  const id = newTask().id;
  expect(await connection.submission.inspect([id])).toEqual([undefined]);
}

test('every verb goes on after Redis forgot its scripts', async () => {
  const flush = () => storage.redis.script('FLUSH');
  await flush();
  const id = await storage.submit({ delayMs: 0 });
  for (const call of [
    () => storage.tasks.inspect([id], 's'),
    () => storage.tasks.unwatch([id], 's'),
    () => storage.tasks.queueStats(['default']),
    () => storage.tasks.cancel({ id: newTask().id, force: false }),
    () => storage.tasks.listDeadLetters({}, 1),
    () => storage.tasks.redrive([{ id, newId: newTask().id }]),
    () => storage.upkeep.promote(),
    () => storage.upkeep.reclaim(),
    () => storage.upkeep.prune(),
    () => storage.upkeep.repair(),
    () => storage.upkeep.takeTurn('prune', 1),
    () => storage.registry.readRegistry(),
    () => storage.registry.runningTasks(['x1'], 1),
    () => storage.run.releaseUnknown('x1', []),
    () => storage.registry.strikeExecutor('x3', 'shutdown', ''),
  ]) {
    await flush();
    await call();
  }
  await flush();
  const [task] = await storage.claim();
  if (!task) throw new Error('nothing was claimed');
  await flush();
  expect(await storage.run.extend('x1', [task])).toEqual(['held']);
  await flush();
  expect(await storage.run.emit([{ ...task, kind: 'progress', message: '' }])).toEqual(['held']);
  await flush();
  expect((await storage.run.settle([completed(task)])).outcomes).toEqual(['accepted']);
});

test('calls that are under way while Redis forgets its scripts all succeed', async () => {
  const flushes = Array.from({ length: 10 }, () => storage.redis.script('FLUSH'));
  const submitted = await Promise.all(
    Array.from({ length: 50 }, () => storage.tasks.submit([newTask({ input: Buffer.alloc(20_000) }), newTask()])),
  );
  await Promise.all(flushes);
  expect(submitted.flat().every(({ kind }) => kind === 'accepted')).toBe(true);
  expect(await storage.claim({ queues: [[pool({ maxTasks: 200 })]] })).toHaveLength(100);
});

test('what was acknowledged survives a restart of Redis, and a waiting connection goes on by itself', async () => {
  const task = await storage.start();
  const id = await storage.submit();
  const [restarted, settled] = await Promise.all([
    storage.server.restart(),
    new Promise((resolve) => setTimeout(resolve, 1)).then(() => storage.run.settle([completed(task)])),
  ]);
  expect([restarted, settled.outcomes]).toEqual([undefined, ['accepted']]);
  expect([await storage.state(task.id), await storage.state(id)]).toEqual(['succeeded', 'queued']);
});

test('while Redis is away a failing connection fails at once, and works again when it is back', async () => {
  const failing = await storage.connect({ whenDown: 'fail' });
  const states: string[] = [];
  failing.onState((state) => states.push(state));
  const back = storage.server.restart();
  await until(() => failing.state === 'down');
  const from = performance.now();
  await expect(failing.submission.submit([newTask()])).rejects.toThrow();
  await expect(failing.submission.submit([newTask({ input: Buffer.alloc(20_000) })])).rejects.toThrow();
  expect(performance.now() - from).toBeLessThan(1_000);
  await back;
  await settlesAll(failing);
  expect(states).toEqual(['down', 'up']);
});

test('a Redis that is not there is an error that says so, without the password', async () => {
  const port = await freePort();
  const connecting = connectQueue({ url: `redis://:secret@127.0.0.1:${port}`, whenDown: 'fail' });
  await expect(connecting).rejects.toThrow(`connect ECONNREFUSED 127.0.0.1:${port}`);
});

test('a worker that starts before Redis waits for it, with its inbox', async () => {
  const stopped = storage.server.restart('SIGKILL');
  const connection = await storage.connect();
  const inbox = await connection.openInbox('early');
  await stopped;
  expect(inbox.name).toBe('early');
  await settlesAll(connection);
});

test('an inbox hears again after a restart, and says that it may have missed something', async () => {
  const connection = await storage.connect();
  const inbox = await connection.openInbox('server-1');
  const heard: InboxMessage[] = [];
  let resumed = 0;
  inbox.onMessages((messages) => heard.push(...messages));
  inbox.onResumed(() => {
    resumed++;
  });
  const id = await storage.submit({ watchBy: 'server-1' });
  for (let round = 1; round <= 2; round++) {
    await storage.server.restart(round === 1 ? 'SIGTERM' : 'SIGKILL');
    await until(() => resumed === round);
    await until(async () => ((await storage.redis.call('PUBSUB', 'SHARDNUMSUB', key('inbox', 'server-1'))) as unknown[])[1] === 1);
  }
  await storage.tasks.cancel({ id, force: false }).catch(() => storage.tasks.cancel({ id, force: false }));
  await until(() => heard.length > 0);
  expect(heard).toMatchObject([{ kind: 'snapshot', snapshot: { id, state: 'cancelled' } }]);
  await inbox.close();
});

test('an inbox whose Redis stopped answering is connected anew', async () => {
  const inbox = await (await storage.connect()).openInbox('server-1');
  let resumed = 0;
  inbox.onResumed(() => {
    resumed++;
  });
  const id = await storage.submit({ watchBy: 'server-1' });
  storage.server.freeze();
  // Long enough for the pings to notice: the time itself is what is tested.
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  storage.server.thaw();
  await until(() => resumed > 0);
  const heard: InboxMessage[] = [];
  inbox.onMessages((messages) => heard.push(...messages));
  await storage.tasks.cancel({ id, force: false });
  await until(() => heard.length > 0);
  await inbox.close();
  await until(async () => ((await storage.redis.call('PUBSUB', 'SHARDNUMSUB', key('inbox', 'server-1'))) as unknown[])[1] === 0);
});

test('a start is refused where Redis would evict acknowledged tasks, with the command that mends it', async () => {
  expect(await storage.connection.checkServer()).toMatchObject({ warnings: [expect.stringContaining('no maxmemory')] });
  await storage.redis.config('SET', 'maxmemory', '1gb');
  expect(await storage.connection.checkServer()).toEqual({ warnings: [] });
  await storage.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect((await storage.connection.checkServer()).refusal).toContain('CONFIG SET maxmemory-policy noeviction');
  await storage.redis.config('SET', 'maxmemory-policy', 'noeviction');
  await storage.redis.set(key('partitions'), '4');
  expect((await storage.connection.checkServer()).refusal).toContain(
    'data in 4 partitions of format 1, and this inferq uses 1 of format 3.',
  );
  await storage.redis.config('SET', 'maxmemory', '0');
});
