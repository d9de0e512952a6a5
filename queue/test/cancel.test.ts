import { expect, test } from 'vitest';
import { newId } from './support/build.ts';
import { completed, failed, openStorage, ran, released, retried, until } from './support/storage.ts';

const storage = openStorage();

test('cancelling a waiting task ends it at once', async () => {
  const queued = await storage.submit();
  const scheduled = await storage.submit({ delayMs: 60_000 });
  for (const id of [queued, scheduled]) {
    expect(await storage.tasks.cancel({ id, force: false })).toMatchObject({ id, state: 'cancelled', error: { code: 'CANCELLED' } });
  }
  expect(await storage.claim()).toEqual([]);
});

test('cancelling a running task asks for it, and its end is CANCELLED whatever the run brought', async () => {
  for (const settle of [completed, failed, retried, released]) {
    const task = await storage.start();
    expect(await storage.tasks.cancel({ id: task.id, force: false })).toMatchObject({ state: 'running', cancelRequested: true });
    expect(await storage.run.extend('x1', [task])).toEqual(['cancel']);
    expect(await storage.run.emit([{ ...task, kind: 'progress', message: 'on' }])).toEqual(['cancel']);
    expect((await storage.run.settle([settle(task)])).outcomes).toEqual(['accepted']);
    expect(await storage.look(task.id)).toMatchObject({ state: 'cancelled', outputBytes: 0, error: { code: 'CANCELLED' } });
  }
});

test('a worker may end an attempt as cancelled', async () => {
  const task = await storage.start();
  await storage.tasks.cancel({ id: task.id, force: false });
  await storage.run.settle([{ verb: 'cancel', id: task.id, token: task.token, ...ran }]);
  expect(await storage.state(task.id)).toBe('cancelled');
});

test('a crash, a shutdown and a lost lease end a task that was to be cancelled', async () => {
  for (const why of ['crash', 'shutdown'] as const) {
    const task = await storage.start();
    await storage.tasks.cancel({ id: task.id, force: false });
    await storage.registry.strikeExecutor('x1', why, 'SIGKILL');
    expect(await storage.state(task.id)).toBe('cancelled');
    await storage.register('x1');
  }
});

test('with force a running task is CANCELLED at once, and the late result is refused', async () => {
  const task = await storage.start();
  expect(await storage.tasks.cancel({ id: task.id, force: true })).toMatchObject({ state: 'cancelled' });
  expect(await storage.run.extend('x1', [task])).toEqual(['lost']);
  expect((await storage.run.settle([completed(task)])).outcomes).toEqual(['refused']);
  expect(await storage.state(task.id)).toBe('cancelled');
});

test('cancel after complete changes nothing', async () => {
  const task = await storage.start();
  await storage.run.settle([completed(task)]);
  for (const force of [false, true])
    expect(await storage.tasks.cancel({ id: task.id, force })).toMatchObject({ state: 'succeeded', sequence: 3 });
});

test('of cancel and complete at the same moment one wins, and both agree', async () => {
  const { submission } = await storage.connect();
  for (let round = 0; round < 20; round++) {
    const task = await storage.start();
    const [settled, seen] = await Promise.all([
      storage.run.settle([completed(task)]),
      submission.cancel({ id: task.id, force: round % 2 === 0 }),
    ]);
    const end = await storage.state(task.id);
    expect(end).toBe(seen?.state === 'succeeded' ? 'succeeded' : 'cancelled');
    if (end === 'succeeded') expect(settled.outcomes).toEqual(['accepted']);
  }
});

test('the executor of a running task is told', async () => {
  const inbox = await storage.connection.openInbox('x1');
  const heard: unknown[] = [];
  inbox.onMessages((messages) => heard.push(...messages));
  const task = await storage.start();
  await storage.tasks.cancel({ id: task.id, force: false });
  await storage.tasks.cancel({ id: task.id, force: true });
  await until(() => heard.length === 2);
  expect(heard).toEqual([false, true].map((force) => ({ kind: 'cancel', id: task.id, force })));
  await inbox.close();
});

test('a task that nobody knows is not cancelled', async () => {
  expect(await storage.tasks.cancel({ id: newId(), force: true })).toBeUndefined();
  expect(await storage.tasks.cancel({ id: 'no id {at} all', force: true })).toBeUndefined();
});
