import { limits } from '@inferq/core/limits.ts';
import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { Script } from '../scripts.ts';
import { newTask } from './support/build.ts';
import { completed, failed, openStorage, retried } from './support/storage.ts';

const storage = openStorage();
const large = Buffer.alloc(limits.inlineBytes + 1, 'x');

function staged(task: { id: string; token: string }): string {
  return key('staged', `${task.id}:${task.token}`);
}

test('a large input is read whole, however large, and lives with its task', async () => {
  const id = await storage.submit({ input: large });
  expect(await storage.redis.pttl(key('payload', id))).toBe(-1);
  const [task] = await storage.claim();
  expect(Buffer.from(task?.input ?? []).equals(large)).toBe(true);
});

test('an input at the inline size passes through the script', async () => {
  const input = large.subarray(1);
  await storage.submit({ input });
  const [task] = await storage.claim();
  expect(Buffer.from(task?.input ?? []).equals(input)).toBe(true);
});

test('bytes that are no Buffer, and a part of a larger array, are stored as they are', async () => {
  const whole = new Uint8Array(60_000).map((_, index) => index);
  for (const part of [whole.subarray(100, 30_000), whole.subarray(100, 200)]) {
    const task = await storage.start({ input: part, metadata: whole.subarray(3, 9) });
    expect(Buffer.from(task.input).equals(part)).toBe(true);
    expect(Buffer.from((await storage.look(task.id)).metadata ?? []).equals(whole.subarray(3, 9))).toBe(true);
    await storage.run.emit([{ ...task, kind: 'chunk', index: 0, payload: part }]);
    const read = await storage.tasks.readChunks(task.id, 0, 1);
    expect(read !== 'gone' && Buffer.from(read.chunks[0]?.payload ?? []).equals(part)).toBe(true);
    await storage.run.settle([completed(task, part)]);
    expect(Buffer.from((await storage.tasks.readOutput(task.id)) ?? []).equals(part)).toBe(true);
  }
});

test('an empty input is an input', async () => {
  const task = await storage.start({ input: Buffer.alloc(0) });
  expect(task.input).toHaveLength(0);
});

test('a large submission that is sent again leaves no TTL on the input of an unfinished task', async () => {
  const task = newTask({ input: large });
  await storage.tasks.submit([task]);
  await storage.tasks.submit([task]);
  expect(await storage.redis.pttl(key('payload', task.id))).toBe(-1);
  await storage.claim();
  // Also where an earlier try put one there.
  await storage.redis.pexpire(key('payload', task.id), 60_000);
  await storage.tasks.submit([task]);
  expect(await storage.redis.pttl(key('payload', task.id))).toBe(-1);
});

test('a large submission that is sent again in part, without its script, costs a waiting task nothing', async () => {
  const task = newTask({ input: large });
  await storage.tasks.submit([task]);
  const run = Script.prototype.run;
  Script.prototype.run = () => Promise.reject(new Error('the connection broke'));
  try {
    await expect(storage.tasks.submit([task])).rejects.toThrow('broke');
  } finally {
    Script.prototype.run = run;
  }
  expect(await storage.redis.pttl(key('payload', task.id))).toBe(-1);
});

test('a large submission that is sent again brings a lost input back', async () => {
  const task = newTask({ input: large });
  await storage.tasks.submit([task]);
  await storage.redis.del(key('payload', task.id));
  expect(await storage.tasks.submit([task])).toMatchObject([{ kind: 'accepted' }]);
  const [claimed] = await storage.claim();
  expect(claimed?.input).toHaveLength(large.length);
});

test('the script asks for a large input that is not there, before it makes anything', async () => {
  const task = newTask({ input: large });
  const { submission } = await storage.connect();
  // Lost between its SET and the script, once.
  let lost = 0;
  const run = Script.prototype.run;
  Script.prototype.run = async function (redis, args, partition) {
    if (lost++ === 0) await storage.redis.del(key('payload', task.id));
    return run.call(this, redis, args, partition);
  };
  try {
    expect(await submission.submit([task])).toMatchObject([{ kind: 'accepted' }]);
  } finally {
    Script.prototype.run = run;
  }
  expect(lost).toBe(2);
  expect(await storage.redis.pttl(key('payload', task.id))).toBe(-1);
});

test('a large input of a task that was refused or is a duplicate goes, and one of a task that has succeeded leaves the result alone', async () => {
  const task = newTask({ input: large, idempotency: { key: 'k', digest: 'd' } });
  await storage.tasks.submit([task]);
  const again = newTask({ input: large, idempotency: { key: 'k', digest: 'd' } });
  const other = newTask({ input: large, idempotency: { key: 'k', digest: 'e' } });
  expect((await storage.tasks.submit([again, other])).map(({ kind }) => kind)).toEqual(['duplicate', 'conflict']);
  const [claimed] = await storage.claim();
  if (claimed) await storage.run.settle([completed(claimed)]);
  await storage.tasks.submit([task]);
  const { submission } = await storage.connect({ limits: { maxTasks: 0 } });
  const refused = newTask({ input: large });
  expect(await submission.submit([refused])).toEqual([{ kind: 'full', what: 'tasks' }]);
  const ids = [again, other, refused].map(({ id }) => key('payload', id));
  expect(await storage.redis.exists(...ids)).toBe(0);
  expect(Buffer.from((await storage.tasks.readOutput(task.id)) ?? []).toString()).toBe('an output');
  expect(await storage.redis.pexpiretime(key('payload', task.id))).toBe(await storage.redis.pexpiretime(key('record', task.id)));
});

test('a large submission that is sent again after its dead letter was redriven leaves nothing behind', async () => {
  const task = newTask({ input: large });
  await storage.tasks.submit([task]);
  const [claimed] = await storage.claim();
  if (claimed) await storage.run.settle([failed(claimed)]);
  await storage.tasks.submit([task]);
  expect(await storage.redis.pttl(key('payload', task.id))).toBe(-1);
  await storage.tasks.redrive([{ id: task.id, newId: newTask().id }]);
  await storage.tasks.submit([task]);
  expect(await storage.redis.exists(key('payload', task.id))).toBe(0);
});

test('a large output is stored whole, expires with its record, and is not part of snapshots', async () => {
  const task = await storage.start();
  await storage.run.settle([completed(task, large)]);
  const snapshot = await storage.look(task.id);
  expect([snapshot.outputBytes, snapshot.output]).toEqual([large.length, undefined]);
  expect(await storage.tasks.readOutput(task.id)).toHaveLength(large.length);
  expect(await storage.redis.pexpiretime(key('payload', task.id))).toBe(await storage.redis.pexpiretime(key('record', task.id)));
  expect(await storage.redis.exists(staged(task))).toBe(0);
});

test('a refused attempt leaves no large output behind', async () => {
  const stale = await storage.start();
  await storage.run.settle([retried(stale)]);
  await storage.upkeep.promote();
  const [task] = await storage.claim({ executor: 'x2' });
  expect((await storage.run.settle([{ ...completed(stale, large), token: 'none' }])).outcomes).toEqual(['refused']);
  expect(await storage.redis.keys(key('staged', '*'))).toEqual([]);
  // Settled before with another verb: answered as accepted, and yet no result.
  if (task) expect((await storage.run.settle([failed(task), completed(task, large)])).outcomes).toEqual(['accepted', 'accepted']);
  expect(await storage.redis.keys(key('staged', '*'))).toEqual([]);
  expect(await storage.tasks.readOutput(stale.id)).toBeUndefined();
});

test('a large settlement that is sent again is accepted and leaves nothing behind', async () => {
  const task = await storage.start();
  await storage.run.settle([completed(task, large)]);
  expect((await storage.run.settle([completed(task, large)])).outcomes).toEqual(['accepted']);
  expect(await storage.redis.exists(staged(task))).toBe(0);
});

test('a large output that vanished before it was settled is sent again', async () => {
  const task = await storage.start();
  const run = Script.prototype.run;
  let calls = 0;
  Script.prototype.run = async function (redis, args, partition) {
    if (calls++ === 0) await storage.redis.del(staged(task));
    return run.call(this, redis, args, partition);
  };
  try {
    expect((await storage.run.settle([completed(task, large)])).outcomes).toEqual(['accepted']);
  } finally {
    Script.prototype.run = run;
  }
  expect(calls).toBe(2);
  expect(await storage.tasks.readOutput(task.id)).toHaveLength(large.length);
});

test('the large output of a task that was cancelled or wants no result goes', async () => {
  const cancelled = await storage.start();
  await storage.tasks.cancel({ id: cancelled.id, force: false });
  await storage.run.settle([completed(cancelled, large)]);
  const ignored = await storage.start({ ignoreResult: true });
  await storage.run.settle([completed(ignored, large)]);
  const keys = [staged(cancelled), staged(ignored), key('payload', cancelled.id), key('payload', ignored.id)];
  expect(await storage.redis.exists(...keys)).toBe(0);
});
