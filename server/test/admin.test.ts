import { newTaskId } from '@inferq/core/task-id.ts';
import { beforeEach, expect, test } from 'vitest';
import { grantedValue, modelSpec, refusalOf, startBroker, startTime, type TestBroker, workerEntry } from './support/broker.ts';

const idOf = (age: number) => newTaskId(startTime - age, 0, new Uint8Array(14));
let t: TestBroker;
beforeEach(() => {
  t = startBroker();
});

test('queues are the default ones, the configured ones and those that the registry names, with who serves them', async () => {
  t.registry.queues.push('named');
  const { items, nextToken } = grantedValue(await t.broker.listQueues(0, ''));
  expect(items.map(({ stats, liveExecutors, maxTasks }) => [stats.name, liveExecutors, maxTasks])).toEqual([
    ['batch', 0, 10],
    ['default', 1, 10],
    ['extra', 0, 10],
    ['named', 0, 10],
    ['realtime', 0, 10],
  ]);
  expect(nextToken).toBe('');
});

test('lists come in pages that neither skip nor repeat, also when something goes in between', async () => {
  t.registry.workers.push(...['a', 'b', 'c', 'd'].map((name) => workerEntry(name, [], [])));
  const first = grantedValue(await t.broker.listWorkers(2, ''));
  t.registry.workers.splice(
    t.registry.workers.findIndex(({ name }) => name === 'b'),
    1,
  );
  const second = grantedValue(await t.broker.listWorkers(2, first.nextToken));
  const third = grantedValue(await t.broker.listWorkers(2, second.nextToken));
  expect([first, second, third].map(({ items }) => items.map(({ entry }) => entry.name))).toEqual([['a', 'b'], ['c', 'd'], ['w']]);
  expect(third.nextToken).toBe('');
  expect(first.items[0]?.runningTaskIds).toEqual(new Map([['a-0', ['task']]]));
});

test('models come by name, the highest version first, with their live executors', async () => {
  t.registry.models.push(modelSpec({ version: '10' }), modelSpec({ version: '9' }), modelSpec({ name: 'a' }));
  const names = async (size: number, token: string) => {
    const page = grantedValue(await t.broker.listModels(size, token));
    return { token: page.nextToken, told: page.items.map(({ name, version, liveExecutors }) => `${name} ${version} ${liveExecutors}`) };
  };
  const first = await names(3, '');
  expect(first.told).toEqual(['a 1 0', 'echo 10 0', 'echo 9 0']);
  expect((await names(3, first.token)).told).toEqual(['echo 1 1']);
});

test('models that workers could not load are listed among the others, with worker and reason', async () => {
  const failed = (name: string, version: string) => ({ name, version, reason: `${name} is broken` });
  t.registry.workers.push({ ...workerEntry('v', [], []), failedModels: [failed('echo', '1'), failed('my net', ''), failed('echo', '2')] });
  t.registry.workers.push({ ...workerEntry('x', [], []), failedModels: [failed('echo', '2')] });
  const { items } = grantedValue(await t.broker.listModels(0, ''));
  expect(
    items.map(({ name, version, spec, failures }) => [name, version, spec !== undefined, failures.map(({ worker }) => worker)]),
  ).toEqual([
    ['echo', '2', false, ['v', 'x']],
    ['echo', '1', true, ['v']],
    ['my net', '', false, ['v']],
  ]);
  expect(refusalOf(await t.broker.getModel('echo', '2'))).toMatchObject({
    reason: 'MODEL_FAILED',
    message: expect.stringContaining('echo is broken'),
  });
  expect(grantedValue(await t.broker.getModel('echo', '1')).failures).toMatchObject([{ worker: 'v', reason: 'echo is broken' }]);
});

test('a model is the version asked for, or the one that an open Submit would get', async () => {
  t.registry.models.push(modelSpec({ version: '2' }));
  expect(grantedValue(await t.broker.getModel('echo', '2'))).toMatchObject({ spec: { version: '2' }, liveExecutors: 0 });
  expect(grantedValue(await t.broker.getModel('echo', ''))).toMatchObject({ spec: { version: '1' }, liveExecutors: 1 });
  expect(refusalOf(await t.broker.getModel('nope', ''))).toMatchObject({
    reason: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('echo'),
  });
  expect(refusalOf(await t.broker.getModel('a b', ''))).toMatchObject({ reason: 'INVALID_REQUEST', violations: [{ field: 'model' }] });
});

test.each([
  ['page_size', -1, ''],
  ['page_size', 1_001, ''],
  ['page_size', 1.5, ''],
  ['page_token', 1, '%%%'],
  ['page_token', 1, 'x'.repeat(5_000)],
])('%s is refused with size %d and token %s', async (field, size, token) => {
  for (const list of [t.broker.listQueues, t.broker.listWorkers, t.broker.listModels]) {
    expect(refusalOf(await list(size, token)).violations).toMatchObject([{ field }]);
  }
  expect(refusalOf(await t.broker.listDeadLetters({}, size, token)).violations).toMatchObject([{ field }]);
});

test('a store that cannot be reached is a refusal', async () => {
  t.queue.failing.add('queueStats');
  expect(refusalOf(await t.broker.listQueues(0, '')).reason).toBe('STORE_UNAVAILABLE');
});

test('dead letters are shown without outputs, and wrong filters are named', async () => {
  t.queue.create(idOf(1), { state: 'failed', outputBytes: 4, output: Buffer.from('part') });
  const { items } = grantedValue(await t.broker.listDeadLetters({}, 0, ''));
  expect(items).toMatchObject([{ snapshot: { id: idOf(1) } }]);
  expect(items[0]).not.toHaveProperty('output');
  const refusal = refusalOf(await t.broker.listDeadLetters({ model: '{', queue: '', after: 2, before: 1 }, 0, ''));
  expect(refusal.violations.map(({ field }) => field)).toEqual(['filter.model', 'filter.queue', 'filter.before']);
});

test('a redrive takes up to its limit and says how many are left; a dry run takes none', async () => {
  for (const age of [1, 2, 3]) t.queue.create(idOf(age), { state: 'failed' });
  t.queue.create(idOf(4), { state: 'succeeded' });
  expect(grantedValue(await t.broker.redrive({ kind: 'all' }, { dryRun: true, limit: 0 }))).toMatchObject({ matched: 3, remaining: 3 });
  expect(t.queue.callsOf('redrive')).toEqual([]);
  const { matched, redriven, remaining } = grantedValue(
    await t.broker.redrive({ kind: 'filter', filter: {} }, { dryRun: false, limit: 2 }),
  );
  expect([matched, redriven.size, remaining]).toEqual([3, 2, 1]);
  const ids = [idOf(3), idOf(4), idOf(5), idOf(3)];
  const some = grantedValue(await t.broker.redrive({ kind: 'ids', ids }, { dryRun: false, limit: 0 }));
  expect([some.matched, [...some.redriven.keys()], some.remaining]).toEqual([1, [idOf(3)], 0]);
});

test.each([true, false])('of ids that are no dead letters a redrive says why (dry run: %s)', async (dryRun) => {
  t.queue.create(idOf(1), { state: 'failed', redrivenFrom: idOf(9) });
  t.queue.create(idOf(2), { state: 'failed', redrivenTo: idOf(8) });
  t.queue.create(idOf(3), { state: 'running' });
  const ids = [1, 2, 3, 4].map(idOf);
  const done = grantedValue(await t.broker.redrive({ kind: 'ids', ids }, { dryRun, limit: 0 }));
  expect(done).toMatchObject({ matched: 1, failedAgain: 1, remaining: dryRun ? 1 : 0, before: [idOf(2)] });
  expect(done.redriven.get(idOf(2))).toBe(idOf(8));
  expect(done.redriven.has(idOf(1))).toBe(!dryRun);
  expect(done.skipped).toMatchObject([
    { id: idOf(3), refusal: { reason: 'NOT_A_DEAD_LETTER', message: expect.stringContaining('its state is running') } },
    { id: idOf(4), refusal: { reason: 'TASK_NOT_FOUND', message: expect.stringContaining('is unknown or has expired') } },
  ]);
});

test('a redrive of all says how many of them failed again after an earlier one', async () => {
  t.queue.create(idOf(1), { state: 'failed', redrivenFrom: idOf(9) });
  t.queue.create(idOf(2), { state: 'failed' });
  expect(grantedValue(await t.broker.redrive({ kind: 'all' }, { dryRun: true, limit: 0 }))).toMatchObject({ matched: 2, failedAgain: 1 });
});

test('a redrive counts those that a full queue has no room for as left, and is refused where it has room for none', async () => {
  for (const age of [1, 2]) t.queue.create(idOf(age), { state: 'failed' });
  const full = [1, 2].map((age) => ({ id: idOf(age), queue: 'default', what: 'bytes' as const }));
  t.queue.redrive = async () => ({ redriven: new Map([[idOf(1), idOf(9)]]), before: [], full: full.slice(1) });
  const some = grantedValue(await t.broker.redrive({ kind: 'all' }, { dryRun: false, limit: 0 }));
  expect([some.matched, some.redriven.size, some.remaining]).toEqual([2, 1, 1]);
  t.queue.redrive = async () => ({ redriven: new Map(), before: [], full });
  const refusal = refusalOf(await t.broker.redrive({ kind: 'all' }, { dryRun: false, limit: 0 }));
  expect(refusal).toMatchObject({ reason: 'QUEUE_FULL', message: expect.stringMatching(/^Queue default is full/) });
  expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(1_000);
});

test.each([
  ['limit', { kind: 'all' as const }, -1],
  ['limit', { kind: 'all' as const }, 1_001],
  ['ids.task_ids', { kind: 'ids' as const, ids: [] }, 0],
  ['ids.task_ids[1]', { kind: 'ids' as const, ids: [idOf(1), '{x}'] }, 0],
  ['filter.model', { kind: 'filter' as const, filter: { model: 'a b' } }, 0],
])('%s of a redrive is refused in %j with limit %d', async (field, selection, limit) => {
  expect(refusalOf(await t.broker.redrive(selection, { dryRun: false, limit })).violations).toMatchObject([{ field }]);
});
