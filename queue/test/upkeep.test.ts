import { StoreError } from '@inferq/core/store-error.ts';
import { expect, test } from 'vitest';
import { group, key } from '../keys.ts';
import { startUpkeep } from '../upkeep-loop.ts';
import { executorEntry, modelSpec, newTask, pool, workerEntry } from './support/build.ts';
import { completed, openStorage, released, until } from './support/storage.ts';

const storage = openStorage({ leaseMs: 60_000 });

async function serve(...versions: string[]): Promise<void> {
  const models = versions.map((version) => ({ name: 'm', version }));
  await storage.registry.announceWorker(workerEntry({ executors: [executorEntry('x1', { models })] }));
}

function consumers(lane: string): Promise<unknown[]> {
  return storage.redis.xinfo('CONSUMERS', key('lane', lane), group) as Promise<unknown[]>;
}

test('a lost hint is found again, and rings', async () => {
  const id = await storage.submit();
  await storage.redis.del(key('ready', 'default:m:1'));
  expect(await storage.claim({ waitForBell: true })).toEqual([]);
  const inbox = await storage.connection.openInbox('x1');
  let rung = false;
  inbox.onMessages(() => {
    rung = true;
  });
  expect(await storage.upkeep.repair()).toBe(1);
  await until(() => rung);
  expect(await storage.claim()).toMatchObject([{ id }]);
  expect(await storage.upkeep.repair()).toBe(0);
  await inbox.close();
});

test('tasks of an open version move to a version that is served and takes the same, in their order', async () => {
  await storage.registry.announceModels([modelSpec(), modelSpec({ version: '2' })]);
  await serve('2');
  const returned = await storage.start({ openVersion: true });
  await storage.run.settle([released(returned)]);
  const open = [await storage.submit({ openVersion: true }), await storage.submit({ openVersion: true, startWithinMs: 60_000 })];
  const fixed = await storage.submit();
  expect(await storage.upkeep.repair()).toBe(3);
  const ids = [];
  for (let count = 0; count < 3; count++) ids.push(...(await storage.claim({ queues: [[pool({ version: '2' })]] })));
  expect(ids.map(({ id }) => id)).toEqual([returned.id, ...open]);
  expect((await storage.look(open[0] ?? '')).version).toBe('2');
  expect(await storage.look(fixed)).toMatchObject({ state: 'queued', version: '1' });
});

test('a move looks behind however many tasks that must stay', async () => {
  await storage.registry.announceModels([modelSpec(), modelSpec({ version: '2' })]);
  await serve('2');
  await storage.tasks.submit(Array.from({ length: 1_200 }, () => newTask()));
  const open = await storage.submit({ openVersion: true });
  const moved = [
    await storage.upkeep.repair(),
    await storage.upkeep.repair(),
    await storage.upkeep.repair(),
    await storage.upkeep.repair(),
  ];
  expect(moved.reduce((sum, count) => sum + count)).toBe(1);
  expect((await storage.look(open)).version).toBe('2');
  expect((await storage.tasks.queueStats(['default']))[0]?.waitingByPriority).toEqual({ 5: 1_201 });
  await storage.redis.flushall();
});

test.each([
  ['its version is still served', ['1', '2'], {}],
  ['no version is served', [], {}],
  [
    'the served version takes something else',
    ['2'],
    { parameters: [{ name: 'p', type: 'bool', default: true, description: '' }] as const },
  ],
  ['the served version runs longer', ['2'], { hardLimitMs: 2_000 }],
])('an open task stays where %s', async (_why, served, parts) => {
  await storage.registry.announceModels([modelSpec(), modelSpec({ version: '2', ...(parts as object) })]);
  await serve(...served);
  const id = await storage.submit({ openVersion: true });
  expect(await storage.upkeep.repair()).toBe(0);
  expect((await storage.look(id)).version).toBe('1');
});

test('a running task does not move', async () => {
  await storage.registry.announceModels([modelSpec(), modelSpec({ version: '2' })]);
  const task = await storage.start({ openVersion: true });
  await serve('2');
  await storage.upkeep.repair();
  expect(await storage.look(task.id)).toMatchObject({ state: 'running', version: '1' });
});

test('drained lanes of pools that nobody serves go, others stay', async () => {
  await storage.submit({ version: '7' });
  const [task] = await storage.claim({ queues: [[pool({ version: '7' })]], waitForBell: true });
  await storage.claim({ queues: [[pool({ version: '7' })]], waitForBell: true });
  const live = await storage.start();
  await storage.run.settle([completed(live)]);
  await storage.upkeep.prune();
  expect(await storage.redis.smembers(key('lanes'))).toHaveLength(2);
  if (task) await storage.run.settle([completed(task)]);
  await storage.upkeep.prune();
  expect(await storage.redis.smembers(key('lanes'))).toEqual(['default:m:1:5']);
  const gone = ['lane', 'ready', 'idle'] as const;
  expect(await storage.redis.exists(...gone.map((name) => key(name, name === 'lane' ? 'default:m:7:5' : 'default:m:7')))).toBe(0);
  const id = await storage.submit({ version: '7' });
  expect(await storage.claim({ queues: [[pool({ version: '7' })]] })).toMatchObject([{ id }]);
});

test('consumers of executors that are gone are deleted, but never while something is pending for them', async () => {
  const held = await storage.start({}, 'x2');
  const done = await storage.start({}, 'x3');
  await storage.run.settle([completed(done)]);
  await storage.redis.del(key('executor', 'x2'), key('executor', 'x3'));
  await storage.upkeep.prune();
  expect((await consumers('default:m:1:5')).map((info) => (info as unknown[])[1])).toEqual(['x2']);
  expect((await storage.run.settle([completed(held)])).outcomes).toEqual(['accepted']);
  await storage.upkeep.prune();
  expect(await consumers('default:m:1:5')).toEqual([]);
});

test('a struck executor leaves no consumer', async () => {
  await storage.start();
  await storage.registry.strikeExecutor('x1', 'crash', '');
  expect(await consumers('default:m:1:5')).toEqual([]);
});

test('of many processes one has the turn', async () => {
  const other = await storage.connect();
  const turns = await Promise.all([storage.upkeep, other.upkeep].map((upkeep) => upkeep.takeTurn('prune', 1_000)));
  expect(turns.sort()).toEqual([false, true]);
  expect(await storage.upkeep.takeTurn('repair', 20)).toBe(true);
  await until(() => storage.upkeep.takeTurn('repair', 20));
});

test('upkeep runs by itself, goes on after a problem and ends when told', async () => {
  const { upkeep } = storage;
  let calls = 0;
  const troubled = {
    ...upkeep,
    promote: async () => {
      if (calls++ === 0) throw new StoreError('away', 'CLOSED', 'away');
      return upkeep.promote();
    },
  };
  const running = startUpkeep(troubled);
  const scheduled = await storage.submit({ delayMs: 1 });
  await storage.submit({ version: '2' });
  await storage.redis.del(key('ready', 'default:m:2'));
  await until(async () => (await storage.state(scheduled)) === 'queued');
  await until(async () => (await storage.redis.exists(key('ready', 'default:m:2'))) === 1);
  await running.stop();
  const after = calls;
  await storage.tasks.now();
  expect(calls).toBe(after);
});
