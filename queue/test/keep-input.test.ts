import { limits } from '@inferq/core/limits.ts';
import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import { newId, newTask } from './support/build.ts';
import { completed, failed, openStorage } from './support/storage.ts';

const storage = openStorage();

async function inputOf(id: string): Promise<string | undefined> {
  const input = await storage.tasks.readInput(id);
  return input && Buffer.from(input).toString();
}

async function retained(): Promise<number> {
  return Number(await storage.redis.get(key('retained')));
}

test.each([
  ['a small', 10],
  ['a large', limits.inlineBytes + 1],
])('%s input can be read until the task succeeds, and after that only where it is kept', async (_, size) => {
  const input = Buffer.alloc(size, 'x');
  for (const keepInput of [false, true]) {
    const task = await storage.start({ input, keepInput });
    expect(await inputOf(task.id)).toBe(String(input));
    await storage.run.settle([completed(task)]);
    expect(await inputOf(task.id)).toBe(keepInput ? String(input) : undefined);
    expect(String(await storage.tasks.readOutput(task.id))).toBe('an output');
  }
});

test('a kept input counts as a retained result and goes with its task', async () => {
  const task = await storage.start({ input: Buffer.alloc(100), keepInput: true });
  await storage.run.settle([completed(task, Buffer.alloc(7))]);
  expect(await retained()).toBe(107);
  const [record, kept] = await Promise.all([
    storage.redis.pexpiretime(key('record', task.id)),
    storage.redis.pexpiretime(key('kept', task.id)),
  ]);
  expect(kept).toBe(record);
});

test('an input is kept though the result is ignored, for as long as the record', async () => {
  const task = await storage.start({ input: Buffer.alloc(100, 'x'), keepInput: true, ignoreResult: true });
  await storage.run.settle([completed(task)]);
  expect(await inputOf(task.id)).toBe('x'.repeat(100));
  expect(await retained()).toBe(100);
  expect(await storage.redis.pttl(key('kept', task.id))).toBeLessThanOrEqual(limits.ignoredResultTtlMs);
});

test('a cancelled and an expired task keep their input where that was asked for', async () => {
  for (const keepInput of [true, false]) {
    const cancelled = await storage.submit({ keepInput });
    await storage.tasks.cancel({ id: cancelled, force: false });
    const expired = await storage.submit({ keepInput, startDeadline: 1 });
    await storage.upkeep.promote();
    expect([await storage.state(cancelled), await storage.state(expired)]).toEqual(['cancelled', 'expired']);
    const kept = keepInput ? 'an input' : undefined;
    expect([await inputOf(cancelled), await inputOf(expired)]).toEqual([kept, kept]);
  }
});

test('a dead letter has its input, which moves to the new task with a redrive and is kept there', async () => {
  const task = await storage.start({ keepInput: true });
  await storage.run.settle([failed(task)]);
  expect(await inputOf(task.id)).toBe('an input');
  const next = newId();
  await storage.tasks.redrive([{ id: task.id, newId: next }]);
  expect([await inputOf(task.id), await inputOf(next)]).toEqual([undefined, 'an input']);
  const [again] = await storage.claim();
  if (again) await storage.run.settle([completed(again)]);
  expect(await inputOf(next)).toBe('an input');
});

test('a large submission that is sent again after the end leaves the kept input alone', async () => {
  const task = newTask({ input: Buffer.alloc(limits.inlineBytes + 1, 'x'), keepInput: true });
  await storage.tasks.submit([task]);
  await storage.tasks.cancel({ id: task.id, force: false });
  expect(await storage.tasks.submit([task])).toMatchObject([{ kind: 'accepted' }]);
  expect(await inputOf(task.id)).toBe(String(task.input));
  expect(await storage.redis.exists(key('payload', task.id))).toBe(0);
});

test('an unknown task has no input', async () => {
  expect(await inputOf(newId())).toBeUndefined();
});
