import { limits } from '@inferq/core/limits.ts';
import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { claimRequest, executorEntry, modelSpec, newTask, pool, workerEntry } from './support/build.ts';
import { completed, failed, openStorage } from './support/storage.ts';

const leaseMs = 60_000;
const storage = openStorage({ leaseMs });

async function announce(parts: Parameters<typeof modelSpec>[0] = {}): Promise<string | undefined> {
  return (await storage.registry.announceModels([modelSpec(parts)]))[0]?.outcome;
}

test('workers, models and queues are known as they were announced, the newest version first', async () => {
  const worker = workerEntry({
    queues: [{ queue: 'realtime', weight: 2 }],
    executors: [executorEntry('x1', { restarts: 3 })],
    failedModels: [{ name: 'broken', version: '1', reason: 'no graph' }],
  });
  await storage.registry.announceWorker(worker);
  const specs = ['2', '10', '1'].map((version) => modelSpec({ version, queue: 'vision' }));
  await storage.registry.announceModels([modelSpec({ name: 'a' }), ...specs]);
  const registry = await storage.registry.readRegistry();
  expect(registry.workers).toEqual([worker]);
  expect(registry.models.map(({ name, version }) => `${name}:${version}`)).toEqual(['a:1', 'm:10', 'm:2', 'm:1']);
  expect(registry.models[1]).toEqual(specs[1]);
  expect(registry.queues).toEqual(['default', 'realtime', 'vision']);
});

test('a worker of an earlier release announces neither failed models nor an instance', async () => {
  const { failedModels, instance, ...earlier } = workerEntry({ name: 'w0' });
  expect([failedModels, instance]).toEqual([[], 'i1']);
  await storage.registry.announceWorker(earlier as Parameters<typeof storage.registry.announceWorker>[0]);
  expect((await storage.registry.readRegistry()).workers).toContainEqual(workerEntry({ name: 'w0', instance: '' }));
});

test('a worker that was not heard for a lease is not live, and its models stay known', async () => {
  await announce();
  await storage.redis.zadd(key('workers'), 1, 'w1');
  const registry = await storage.registry.readRegistry();
  expect([registry.workers, registry.models.length]).toEqual([[], 1]);
});

test('other files under a live version are a conflict; the same files, another version or a dead one are none', async () => {
  expect(await announce()).toBe('announced');
  expect([await announce(), await announce({ digest: 'd2' }), await announce({ version: '2', digest: 'd2' })]).toEqual([
    'announced',
    'conflict',
    'announced',
  ]);
  expect((await storage.registry.readRegistry()).models.find(({ version }) => version === '1')?.digest).toBe('d1');
  await storage.redis.zadd(key('models'), Date.now() - leaseMs - 1_000, 'm:1');
  expect(await announce({ digest: 'd2' })).toBe('announced');
});

test('a version may change its files once its last worker has retired', async () => {
  await announce();
  await storage.register('x1');
  await storage.registry.retireWorker(workerEntry());
  expect((await storage.registry.readRegistry()).workers).toEqual([]);
  expect(await announce({ digest: 'd2' })).toBe('announced');
});

test('a heartbeat keeps the models of a worker that is still up live, though another one retired', async () => {
  await announce();
  await storage.registry.announceWorker(workerEntry({ name: 'w2', executors: [executorEntry('y1')] }));
  await storage.registry.retireWorker(workerEntry());
  await storage.registry.announceWorker(workerEntry({ name: 'w2', executors: [executorEntry('y1')] }));
  expect(await announce({ digest: 'd2' })).toBe('conflict');
});

test('a live name is refused to another instance, which changes nothing of its announcement', async () => {
  const [first, second] = [workerEntry(), workerEntry({ instance: 'i2', host: 'other' })];
  expect(await storage.registry.holdName(first)).toEqual({ kind: 'held' });
  expect(await storage.registry.announceWorker(first)).not.toBe('taken');
  const by = { instance: 'i1', host: 'h', pid: 1 };
  expect(await storage.registry.holdName(second)).toMatchObject({ kind: 'taken', by });
  expect(await storage.registry.announceWorker(second)).toBe('taken');
  await storage.registry.retireWorker(second);
  expect((await storage.registry.readRegistry()).workers).toEqual([first]);
  expect(await storage.registry.holdName(first)).toEqual({ kind: 'held' });
});

test('a name that was not heard for half a lease passes to another instance, and the one that lost it cannot touch it', async () => {
  const [dead, successor] = [workerEntry(), workerEntry({ instance: 'i2' })];
  await storage.registry.announceWorker(dead);
  await storage.redis.pexpire(key('workerName', 'w1'), leaseMs / 2 + 5_000);
  expect(await storage.registry.holdName(successor)).toMatchObject({ kind: 'taken' });
  await storage.redis.pexpire(key('workerName', 'w1'), leaseMs / 2);
  expect(await storage.registry.announceWorker(successor)).not.toBe('taken');
  expect(await storage.registry.announceWorker(dead)).toBe('taken');
  await storage.registry.retireWorker(dead);
  expect((await storage.registry.readRegistry()).workers).toEqual([successor]);
});

test('each heartbeat keeps the name for a lease, and who retires gives it up', async () => {
  await storage.registry.announceWorker(workerEntry());
  await storage.redis.pexpire(key('workerName', 'w1'), 1_000);
  await storage.registry.announceWorker(workerEntry());
  expect(await storage.redis.pttl(key('workerName', 'w1'))).toBeGreaterThan(leaseMs - 5_000);
  await storage.registry.retireWorker(workerEntry());
  expect(await storage.registry.holdName(workerEntry({ instance: 'i2' }))).toEqual({ kind: 'held' });
});

test('a heartbeat is told when the announcement of a model is gone', async () => {
  const entry = workerEntry();
  await announce();
  expect(await storage.registry.announceWorker(entry)).toBe('known');
  await storage.redis.flushdb();
  expect(await storage.registry.announceWorker(entry)).toBe('modelsLost');
  await announce();
  expect(await storage.registry.announceWorker(entry)).toBe('known');
});

test('what nobody announces for seven days is forgotten', async () => {
  await announce({ queue: 'vision' });
  for (const name of [key('worker', 'w1'), key('model', 'm:1')]) {
    const ttl = await storage.redis.pttl(name);
    expect(ttl > limits.registryTtlMs - 5_000 && ttl <= limits.registryTtlMs).toBe(true);
  }
  await storage.redis.zadd(key('queues'), Date.now() - limits.registryTtlMs - 1_000, 'vision');
  expect((await storage.registry.readRegistry()).queues).toEqual(['default']);
  await storage.register('x1');
  expect(await storage.redis.zscore(key('queues'), 'vision')).toBeNull();
});

test('an executor whose host vanished stays registered for an hour', async () => {
  await announce();
  const ttl = await storage.redis.pttl(key('executor', 'x1'));
  expect(ttl > limits.executorTtlMs - 5_000 && ttl <= limits.executorTtlMs).toBe(true);
  await storage.redis.zadd(key('executors'), Date.now() - limits.executorTtlMs - 1_000, 'gone');
  await storage.register('x1');
  expect(await storage.redis.zrange(key('executors'), '0', '-1')).not.toContain('gone');
});

test('a heartbeat leaves a sleeping executor asleep and listening', async () => {
  await storage.claim({ waitForBell: true });
  await storage.register('x1');
  expect(await storage.redis.hget(key('executor', 'x1'), 'idle')).toBe('1');
});

test('figures of a queue count what waits, runs, is scheduled, dead and ended', async () => {
  const names = ['default', 'batch', 'unheard'];
  await storage.tasks.submit([newTask(), newTask({ priority: 9 }), newTask({ priority: 9, version: '2' }), newTask({ delayMs: 9_999 })]);
  await storage.tasks.submit([newTask({ queue: 'batch', input: Buffer.alloc(100) })]);
  const done = await storage.claim();
  await storage.run.settle(done.map((task) => completed(task)));
  const broken = await storage.claim();
  await storage.run.settle(broken.map((task) => failed(task)));
  await storage.claim({ queues: [[pool({ version: '2' })]] });
  await storage.registry.strikeExecutor('x1', 'shutdown', '');
  await storage.register('x1');
  const [plain, batch, unheard] = await storage.tasks.queueStats(names);
  expect(plain).toMatchObject({
    name: 'default',
    waitingByPriority: {},
    waitingReturned: 1,
    running: 0,
    scheduled: 1,
    dead: 1,
    bytes: 16,
    endedByState: { succeeded: 1, failed: 1 },
  });
  expect(plain?.oldestAgeMs).toBeGreaterThanOrEqual(0);
  expect(batch).toMatchObject({ waitingByPriority: { 5: 1 }, bytes: 100, scheduled: 0 });
  expect(unheard).toEqual({
    name: 'unheard',
    waitingByPriority: {},
    waitingReturned: 0,
    running: 0,
    scheduled: 0,
    dead: 0,
    bytes: 0,
    endedByState: {},
  });
  expect(await storage.run.claim(claimRequest({ queues: [[pool({ queue: 'batch' })]] }))).toMatchObject({ kind: 'claimed' });
  expect((await storage.tasks.queueStats(['batch']))[0]).toMatchObject({ waitingByPriority: {}, running: 1 });
});
