import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newTask, pool } from './support/build.ts';
import { completed, openStorage, retried } from './support/storage.ts';

const storage = openStorage();
const count = 10_000;
const payload = 64;

async function usedMemory(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await storage.redis.info('memory'))?.[1]);
}

/** Bytes that a waiting task takes in Redis, above its payload. */
async function bytesPerTask(parts: (index: number) => Parameters<typeof newTask>[0]): Promise<number> {
  const before = await usedMemory();
  const tasks = Array.from({ length: count }, (_, index) => newTask({ input: Buffer.alloc(payload, index), ...parts(index) }));
  await storage.tasks.submit(tasks);
  await storage.redis.call('MEMORY', 'PURGE').catch(() => {});
  const after = await usedMemory();
  await storage.redis.flushall();
  return (after - before) / count - payload;
}

test('a small waiting task takes at most 600 bytes above its payload, 800 with an idempotency key', async () => {
  const signature = 'a'.repeat(32);
  const plain = await bytesPerTask(() => ({ signature, queue: 'realtime', model: 'digits' }));
  const keyed = await bytesPerTask((index) => ({
    signature,
    model: 'digits',
    idempotency: { key: String(index).padStart(22, 'k'), digest: 'd'.repeat(22) },
  }));
  console.info(`bytes of state for each waiting task: ${Math.round(plain)}, with an idempotency key ${Math.round(keyed)}`);
  expect(plain).toBeLessThanOrEqual(600);
  expect(keyed).toBeLessThanOrEqual(800);
});

test('a record stays a listpack through its whole life, with the longest names', async () => {
  const name = 'n'.repeat(64);
  const executor = 'e'.repeat(64);
  await storage.register(executor);
  const id = await storage.submit({
    queue: name,
    model: name,
    version: '99999999',
    signature: 's'.repeat(32),
    watchBy: 'w'.repeat(64),
    idempotency: { key: 'k'.repeat(32), digest: 'd' },
    startWithinMs: 90_000,
    softLimitMs: 1,
    metadata: Buffer.alloc(8_000),
    input: Buffer.alloc(5_000),
  });
  const encoding = () => storage.redis.object('ENCODING', key('record', id));
  const queues = [[pool({ queue: name, model: name, version: '99999999' })]];
  for (const settle of [retried, completed]) {
    const [task] = await storage.claim({ executor, worker: 'w'.repeat(64), device: 'cuda:0', queues });
    if (!task) throw new Error('nothing was claimed');
    await storage.run.emit([
      { ...task, kind: 'chunk', index: 0, payload: Buffer.alloc(900) },
      { ...task, kind: 'progress', fraction: 0.123_456_789_012_345, message: 'm'.repeat(1_000) },
    ]);
    expect(await encoding()).toBe('listpack');
    await storage.run.settle([settle(task)]);
    expect(await encoding()).toBe('listpack');
    await storage.upkeep.promote();
  }
  expect(await storage.state(id)).toBe('succeeded');
});
