import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { claimRequest, newTask, pool } from './support/build.ts';
import { recordOf } from './support/records.ts';
import { completed, openStorage, released } from './support/storage.ts';

const storage = openStorage();

async function claimIds(parts: Parameters<typeof storage.claim>[0] = {}): Promise<string[]> {
  return (await storage.claim(parts)).map(({ id }) => id);
}

test('a claimed task runs under a token of its attempt and comes with all that a run needs', async () => {
  const id = await storage.submit({ rows: 2, signature: 's', softLimitMs: 7, hardLimitMs: 70, input: Buffer.from([1, 0, 255]) });
  const [task] = await storage.claim();
  expect(task).toMatchObject({
    id,
    pool: { queue: 'default', model: 'm', version: '1' },
    attempt: 1,
    chargedAttempts: 0,
    maxAttempts: 3,
    rows: 2,
    signature: 's',
    solo: false,
    cancelRequested: false,
    ignoreResult: false,
    hardLimitMs: 70,
    softLimitMs: 7,
  });
  expect(Buffer.from(task?.input ?? [])).toEqual(Buffer.from([1, 0, 255]));
  const running = await storage.look(id);
  expect(running).toMatchObject({ state: 'running', attempt: 1, execution: { worker: 'w1', executor: 'x1', device: 'cpu' } });
  expect(running.startedAt).toBe(task?.startedAt);
});

test('no task is given to two executors', async () => {
  await storage.tasks.submit(Array.from({ length: 100 }, () => newTask()));
  const { execution } = await storage.connect();
  const claims = Array.from({ length: 60 }, (_, index) => {
    const request = { executor: index % 2 ? 'x1' : 'x2', queues: [[pool({ maxTasks: 3 })]] };
    return index % 3
      ? storage.claim(request)
      : execution.claim({ ...request, worker: 'w', device: '', maxBytes: 1e6, waitForBell: true, solo: true });
  });
  const tasks = (await Promise.all(claims)).flatMap((claim) =>
    Array.isArray(claim) ? claim : claim.kind === 'claimed' ? claim.tasks : [],
  );
  expect(tasks).toHaveLength(100);
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(100);
});

test('an executor that is not registered gets nothing', async () => {
  await storage.submit();
  const request = { executor: 'stranger', worker: 'w', device: '', queues: [[pool()]], maxBytes: 1, waitForBell: true, solo: true };
  expect(await storage.run.claim(request)).toEqual({ kind: 'unregistered' });
});

test('solo comes first, then what came back, then priority from 9 to 0, then age', async () => {
  const ids: Record<string, string> = {};
  for (const name of ['solo', 'returned']) {
    const task = await storage.start();
    ids[name] = task.id;
    await storage.run.settle([released(task, name === 'solo')]);
    if (name === 'solo') await storage.claim({ executor: 'x3' });
  }
  const solo = (await storage.registry.runningTasks(['x3'], 9)).get('x3');
  expect(solo).toEqual([ids.solo]);
  for (const priority of [0, 5, 9, 4, 5]) ids[`${priority}${ids[priority] ? 'b' : ''}`] = await storage.submit({ priority });
  await storage.registry.strikeExecutor('x3', 'shutdown', '');
  const order: string[] = [];
  for (let count = 0; count < 7; count++) order.push(...(await claimIds()));
  expect(order).toEqual(['solo', 'returned', '9', '5', '5b', '4', '0'].map((name) => ids[name]));
});

test('a task in solo is claimed alone and first, and only where the executor may run it alone', async () => {
  const suspect = await storage.start();
  await storage.run.settle([released(suspect, true)]);
  const other = await storage.submit({ priority: 9 });
  const wide = [[pool({ maxTasks: 10 })]];
  expect(await claimIds({ queues: wide, solo: false })).toEqual([other]);
  const third = await storage.submit({ priority: 9 });
  const [task, ...rest] = await storage.claim({ queues: wide });
  expect([task?.id, task?.solo, rest]).toEqual([suspect.id, true, []]);
  expect(await claimIds({ queues: wide })).toEqual([third]);
});

test('two tasks in solo come one at a time', async () => {
  await storage.tasks.submit([newTask(), newTask()]);
  const tasks = await storage.claim({ queues: [[pool({ maxTasks: 2 })]] });
  await storage.run.settle(tasks.map((task) => released(task, true)));
  expect([await claimIds({ queues: [[pool({ maxTasks: 2 })]] }), await claimIds({ queues: [[pool({ maxTasks: 2 })]] })]).toEqual(
    tasks.map(({ id }) => [id]),
  );
});

/** Resolves when the Redis clock has passed the millisecond of the task's entry: within one, entries of two lanes have no order. */
async function clockPast(id: string): Promise<void> {
  const { entry } = await recordOf(storage.redis, id);
  while ((await storage.tasks.now()) <= Number.parseInt(`${entry}`, 10));
}

test('over the pools of one queue the lowest rank wins, then the oldest head', async () => {
  const pools = [pool(), pool({ version: '2' }), pool({ model: 'other' })];
  const first = await storage.submit({ model: 'other' });
  await clockPast(first);
  const second = await storage.submit({ version: '2' });
  await clockPast(second);
  const third = await storage.submit();
  const urgent = await storage.submit({ version: '2', priority: 6 });
  const order: string[] = [];
  for (let count = 0; count < 4; count++) order.push(...(await claimIds({ queues: [pools] })));
  expect(order).toEqual([urgent, first, second, third]);
});

test('queues are served in their order, whatever the priority', async () => {
  const urgent = await storage.submit({ queue: 'batch', priority: 9 });
  const plain = await storage.submit({ queue: 'realtime', priority: 0 });
  const queues = [[pool({ queue: 'realtime' })], [pool({ queue: 'batch' })]];
  expect([await claimIds({ queues }), await claimIds({ queues }), await claimIds({ queues })]).toEqual([[plain], [urgent], []]);
});

test('a batch is of one pool', async () => {
  await storage.tasks.submit([newTask(), newTask({ version: '2' }), newTask()]);
  const queues = [[pool({ maxTasks: 9 }), pool({ version: '2', maxTasks: 9 })]];
  const sizes = [(await storage.claim({ queues })).length, (await storage.claim({ queues })).length];
  expect(sizes.sort()).toEqual([1, 2]);
});

test.each([
  ['tasks', { maxTasks: 2 }, {}, [2, 2, 1]],
  ['rows', { maxTasks: 9, maxRows: 6 }, {}, [3, 2]],
  ['bytes', { maxTasks: 9 }, { maxBytes: 25 }, [2, 2, 1]],
])('a batch ends where its %s would be too many', async (_what, poolParts, claimParts, sizes) => {
  await storage.tasks.submit(Array.from({ length: 5 }, () => newTask({ rows: 2, input: Buffer.alloc(10) })));
  const counted: number[] = [];
  for (const _size of sizes) counted.push((await storage.claim({ queues: [[pool(poolParts)]], ...claimParts })).length);
  expect(counted).toEqual(sizes);
  expect(await storage.claim()).toEqual([]);
});

test('a batch ends at another signature, and no task overtakes', async () => {
  const tasks = ['a', 'a', 'b', 'a'].map((signature) => newTask({ signature }));
  await storage.tasks.submit(tasks);
  const queues = [[pool({ maxTasks: 9 })]];
  const ids = tasks.map(({ id }) => id);
  expect([await claimIds({ queues }), await claimIds({ queues }), await claimIds({ queues })]).toEqual([
    ids.slice(0, 2),
    [ids[2]],
    [ids[3]],
  ]);
});

test('a task that is over the limits alone comes alone', async () => {
  const tasks = [newTask({ rows: 5_000 }), newTask(), newTask({ input: Buffer.alloc(500) })];
  await storage.tasks.submit(tasks);
  const request = { queues: [[pool({ maxTasks: 9, maxRows: 10 })]], maxBytes: 100 };
  expect([await claimIds(request), await claimIds(request), await claimIds(request)]).toEqual(tasks.map(({ id }) => [id]));
});

test('an overdue task is expired where it is claimed, and the next one comes', async () => {
  const late = await storage.submit({ startDeadline: 1 });
  const fine = await storage.submit();
  expect(await claimIds()).toEqual([fine]);
  expect(await storage.look(late)).toMatchObject({ state: 'expired', attempt: 0, error: { code: 'START_DEADLINE' } });
});

test('a lane of overdue tasks only is dropped in bounded steps, and what is behind it is not slept on', async () => {
  await storage.tasks.submit(Array.from({ length: 1_100 }, () => newTask({ startDeadline: 1 })));
  const fine = await storage.submit();
  const request = { waitForBell: true };
  const claims = [await claimIds(request), await claimIds(request), await claimIds(request)];
  expect(claims).toEqual([[], [], [fine]]);
}, 20_000);

test('an entry that no record names is dropped', async () => {
  const lane = key('lane', 'default:m:1:5');
  const task = await storage.submit();
  await storage.redis.xadd(lane, '*', 't', `${task} 1 1 `);
  await storage.redis.xadd(lane, '*', 't', 'nobody 1 1 ');
  await storage.redis.xadd(lane, '*', 't', 'nonsense');
  expect(await claimIds({ queues: [[pool({ maxTasks: 9 })]] })).toEqual([task]);
  expect(await claimIds({ queues: [[pool({ maxTasks: 9 })]] })).toEqual([]);
  expect(await storage.redis.xlen(lane)).toBe(1);
});

test('settling a batch claims the next one in the same call', async () => {
  await storage.submit();
  const second = await storage.submit();
  const [first] = await storage.claim();

  const reply = await storage.run.settle(first ? [completed(first)] : [], claimRequest());
  expect(reply).toMatchObject({ outcomes: ['accepted'], next: { kind: 'claimed', tasks: [{ id: second }] } });
  expect((await storage.run.settle([], claimRequest())).next).toEqual({ kind: 'empty' });
});

test('what was claimed under a name, and is unknown to it, can be given back', async () => {
  await storage.tasks.submit([newTask(), newTask({ version: '2' }), newTask()]);
  const queues = [[pool({ maxTasks: 9 }), pool({ version: '2' })]];
  const tasks = [...(await storage.claim({ queues })), ...(await storage.claim({ queues }))];
  const [known, ...unknown] = tasks;
  expect(await storage.run.releaseUnknown('x1', known ? [known] : [])).toEqual({ released: 2, handOvers: 0 });
  expect(await storage.run.extend('x1', tasks)).toEqual(['held', 'lost', 'lost']);
  expect(await storage.look(unknown[0]?.id ?? '')).toMatchObject({ state: 'queued', chargedAttempts: 0, attempt: 1 });
  expect((await storage.claim({ executor: 'x2', queues })).map(({ attempt }) => attempt)).toEqual([2]);
  expect(await storage.run.releaseUnknown('x1', known ? [known] : [])).toEqual({ released: 0, handOvers: 0 });
});
