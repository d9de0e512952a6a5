import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { prune } from '../verbs/upkeep.ts';
import { newId, newTask, pool } from './support/build.ts';
import { completed, failed, openStorage } from './support/storage.ts';

const storage = openStorage();
const nobody = { workers: [], models: [], queues: [] };

/** Makes so many dead letters of one millisecond each call; returns their ids, newest first. */
async function bury(count: number, parts: Parameters<typeof newTask>[0] = {}, code: 'MODEL_ERROR' | 'OUT_OF_MEMORY' = 'MODEL_ERROR') {
  const tasks = Array.from({ length: count }, () => newTask(parts));
  await storage.tasks.submit(tasks);
  const { queue = 'default', model = 'm' } = parts;
  const claimed = await storage.claim({ queues: [[pool({ queue, model, maxTasks: count })]] });
  await storage.run.settle(claimed.map((task) => ({ ...failed(task), error: { code, message: 'm', detail: '' } })));
  const ended = (await storage.tasks.inspect(tasks.map(({ id }) => id))).map((task) => ({ id: task?.id ?? '', at: task?.endedAt ?? 0 }));
  return ended.sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1)).map(({ id }) => id);
}

async function listAll(filter = {}, size = 7, meanwhile: (page: number) => Promise<unknown> = async () => {}): Promise<string[]> {
  const ids: string[] = [];
  let token: string | undefined;
  let page = 0;
  do {
    const found = await storage.tasks.listDeadLetters(filter, size, token);
    ids.push(...found.tasks.map(({ id }) => id));
    token = found.nextToken;
    await meanwhile(page++);
  } while (token);
  return ids;
}

test('a FAILED task is a dead letter with input, error and no end', async () => {
  const [id = ''] = await bury(1, { metadata: Buffer.from('m') });
  const { tasks, nextToken } = await storage.tasks.listDeadLetters({}, 10);
  expect(tasks).toMatchObject([{ id, state: 'failed', error: { code: 'MODEL_ERROR' }, chargedAttempts: 1 }]);
  expect([nextToken, tasks[0]?.resultExpiresAt]).toEqual([undefined, undefined]);
  expect(await storage.redis.pttl(key('payload', id))).toBe(-1);
});

test('letters are listed newest first, each once, over pages', async () => {
  const older = await bury(10);
  while ((await storage.tasks.now()) <= Number((await storage.look(older[0] ?? '')).endedAt));
  const newer = await bury(15);
  expect(await listAll()).toEqual([...newer, ...older]);
  expect(await listAll({}, 25)).toHaveLength(25);
});

test('the list stays stable while letters vanish, also those that share one millisecond', async () => {
  const ids = await bury(40);
  // All in one millisecond.
  for (const set of ['', ':default']) await storage.redis.zadd(key('dead', set), ...ids.flatMap((id) => [1_000, id]));
  const sorted = [...ids].sort().reverse();
  // After each page its last letter, on which the token stands, and one of a page before are redriven.
  const seen = await listAll({}, 5, async (page) => {
    const gone = [sorted[page * 5 + 4], sorted[page * 5 - 3]].filter((id) => id !== undefined);
    await storage.tasks.redrive(gone.map((id) => ({ id, newId: newId() })));
  });
  expect(seen).toEqual(sorted);
});

test('letters are filtered by model, queue, code and time', async () => {
  const plain = await bury(2);
  const memory = await bury(2, {}, 'OUT_OF_MEMORY');
  const batch = await bury(2, { queue: 'batch' });
  const other = await bury(2, { model: 'other' });
  const sorted = async (filter: object) => (await listAll(filter)).sort();
  expect(await sorted({ queue: 'batch' })).toEqual([...batch].sort());
  expect(await sorted({ model: 'other' })).toEqual([...other].sort());
  expect(await sorted({ codes: ['OUT_OF_MEMORY', 'INVALID_INPUT'] })).toEqual([...memory].sort());
  expect(await sorted({ queue: 'default', model: 'm' })).toEqual([...plain, ...memory].sort());
  const [id = ''] = plain;
  await storage.redis.zadd(key('dead'), 'XX', 5_000, id);
  expect(await sorted({ after: 4_000, before: 6_000 })).toEqual([id]);
  expect(await sorted({ before: 4_000 })).toEqual([]);
  expect(await sorted({ after: 6_000 })).toHaveLength(7);
});

test('a token that is none starts anew', async () => {
  const [id] = await bury(1);
  const { tasks } = await storage.tasks.listDeadLetters({}, 10, "'; FLUSHALL");
  expect(tasks.map((task) => task.id)).toEqual([id]);
});

test('redriving makes a new task of the same input and options, once', async () => {
  const input = Buffer.alloc(20_000, 'x');
  const task = await storage.start({
    input,
    metadata: Buffer.from('m'),
    priority: 8,
    rows: 3,
    maxAttempts: 7,
    idempotency: { key: 'k', digest: 'd' },
  });
  await storage.run.settle([failed(task)]);
  const newer = newId();
  const redriven = new Map([[task.id, newer]]);
  expect(await storage.tasks.redrive([{ id: task.id, newId: newer }])).toEqual({ redriven, before: [], full: [] });
  expect(await storage.tasks.redrive([{ id: task.id, newId: newId() }])).toEqual({ redriven, before: [task.id], full: [] });
  expect(await storage.look(task.id)).toMatchObject({ state: 'failed', redrivenTo: newer });
  expect((await storage.look(task.id)).resultExpiresAt).toBeGreaterThan(Date.now());
  expect(await storage.look(newer)).toMatchObject({
    state: 'queued',
    redrivenFrom: task.id,
    priority: 8,
    maxAttempts: 7,
    attempt: 0,
    chargedAttempts: 0,
  });
  expect((await storage.tasks.listDeadLetters({}, 10)).tasks).toEqual([]);
  const [again] = await storage.claim();
  expect([again?.id, again?.rows, Buffer.from(again?.input ?? []).equals(input)]).toEqual([newer, 3, true]);
  expect(Buffer.from((await storage.look(newer)).metadata ?? []).toString()).toBe('m');
  if (again) await storage.run.settle([failed(again)]);
  expect(await listAll()).toEqual([newer]);
});

test('only dead letters are redriven, and each of a call by itself', async () => {
  const [one = '', other = ''] = await bury(2);
  const running = await storage.start();
  await storage.redis.del(key('payload', other));
  const ids = [running.id, newId(), other, one];
  const { redriven } = await storage.tasks.redrive(ids.map((id) => ({ id, newId: newId() })));
  expect([...redriven.keys()]).toEqual([one]);
  await storage.redis.set(key('payload', other), 'an input');
  await storage.run.settle([completed(running)]);
});

test('two redrives at the same moment make one task', async () => {
  const [id = ''] = await bury(1);
  const { submission } = await storage.connect();
  const both = await Promise.all([storage.tasks, submission].map((tasks) => tasks.redrive([{ id, newId: newId() }])));
  expect(both[0]?.redriven).toEqual(both[1]?.redriven);
  expect(both.flatMap(({ before }) => before)).toEqual([id]);
  expect(both[0]?.redriven.size).toBe(1);
  expect((await storage.tasks.queueStats(['default']))[0]?.waitingByPriority).toEqual({ 5: 1 });
});

test('letters go by age, by count and by bytes, the oldest first, with all they had', async () => {
  const ids = (await bury(6, { input: Buffer.alloc(100), metadata: Buffer.from('m') })).reverse();
  const [old = '', ...rest] = ids;
  const now = await storage.tasks.now();
  for (const set of ['', ':default']) {
    await storage.redis.zadd(key('dead', set), now - 10_000, old);
    for (const [index, id] of rest.entries()) await storage.redis.zadd(key('dead', set), now + index, id);
  }
  expect(await prune(storage.redis, nobody, { ageMs: 5_000, count: 99, bytes: 9_999 })).toBeGreaterThan(0);
  expect(await storage.tasks.inspect([old])).toEqual([undefined]);
  expect(await storage.redis.keys(`*${old}*`)).toEqual([]);
  await prune(storage.redis, nobody, { ageMs: 9e9, count: 4, bytes: 9_999 });
  expect((await listAll()).sort()).toEqual(rest.slice(1).sort());
  await prune(storage.redis, nobody, { ageMs: 9e9, count: 99, bytes: 250 });
  expect((await listAll()).sort()).toEqual(rest.slice(3).sort());
  expect(await storage.redis.get(key('deadBytes'))).toBe('200');
  await prune(storage.redis, nobody, { ageMs: 9e9, count: 0, bytes: 0 });
  expect(await storage.redis.keys('iq:{0}:?:0*')).toEqual([]);
});

test('the idempotency key of a letter goes with it', async () => {
  const task = await storage.start({ idempotency: { key: 'k', digest: 'd' } });
  await storage.run.settle([failed(task)]);
  await prune(storage.redis, nobody, { ageMs: 9e9, count: 0, bytes: 0 });
  await storage.submit({ idempotency: { key: 'k', digest: 'other' } });
});
