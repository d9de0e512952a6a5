import { expect, test } from 'vitest';
import { claimRequest, newTask, pool } from './support/build.ts';
import { completed, openStorage } from './support/storage.ts';

const storage = openStorage();

async function startMany(count: number, executor = 'x1') {
  const tasks = Array.from({ length: count }, () => newTask());
  await storage.tasks.submit(tasks);
  return storage.claim({ executor, queues: [[pool({ maxTasks: count })]] });
}

test('a crash with several tasks charges none and sends all to solo', async () => {
  const [first, ...rest] = await startMany(4);
  if (first) await storage.run.settle([completed(first)]);
  expect(await storage.registry.strikeExecutor('x1', 'crash', 'signal SIGSEGV')).toBe(3);
  for (const { id } of rest) {
    expect(await storage.look(id)).toMatchObject({
      state: 'queued',
      chargedAttempts: 0,
      earlierExecutions: [
        { attempt: 1, executor: 'x1', error: { code: 'EXECUTOR_CRASHED', message: expect.stringContaining('signal SIGSEGV') } },
      ],
    });
  }
  const again = await storage.claim({ executor: 'x2', queues: [[pool({ maxTasks: 9 })]] });
  expect(again).toMatchObject([{ solo: true, attempt: 2, chargedAttempts: 0 }]);
});

test('a crash with two tasks proves nothing about either', async () => {
  const tasks = await startMany(2);
  await storage.registry.strikeExecutor('x1', 'crash', '');
  const charged = (await storage.tasks.inspect(tasks.map(({ id }) => id))).map((task) => task?.chargedAttempts);
  expect(charged).toEqual([0, 0]);
});

test('a crash while alone is charged; the last attempt ends the task FAILED', async () => {
  const id = await storage.submit({ maxAttempts: 2 });
  await storage.claim();
  await storage.registry.strikeExecutor('x1', 'crash', 'exit code 1');
  expect(await storage.look(id)).toMatchObject({ state: 'queued', chargedAttempts: 1 });
  expect(await storage.claim({ executor: 'x2' })).toMatchObject([{ solo: true, chargedAttempts: 1 }]);
  await storage.registry.strikeExecutor('x2', 'crash', 'exit code 1');
  expect(await storage.look(id)).toMatchObject({ state: 'failed', chargedAttempts: 2, error: { code: 'EXECUTOR_CRASHED' } });
});

test('a poison task ends after its attempts, and its neighbours succeed', async () => {
  const [poison, ...neighbours] = await startMany(3);
  let executor = 'x1';
  for (let turn = 0; turn < 20; turn++) {
    const running = (await storage.registry.runningTasks([executor], 99)).get(executor) ?? [];
    if (running.includes(poison?.id ?? '')) {
      await storage.registry.strikeExecutor(executor, 'crash', 'SIGKILL');
      executor = `y${turn}`;
      await storage.register(executor);
    }
    const outcome = await storage.run.claim(claimRequest({ executor, queues: [[pool({ maxTasks: 9 })]] }));
    if (outcome.kind === 'claimed')
      await storage.run.settle(outcome.tasks.filter(({ id }) => id !== poison?.id).map((task) => completed(task)));
  }
  expect(await storage.look(poison?.id ?? '')).toMatchObject({ state: 'failed', attempt: 4, chargedAttempts: 3 });
  for (const { id } of neighbours) expect(await storage.look(id)).toMatchObject({ state: 'succeeded', chargedAttempts: 0 });
});

test('a shutdown gives everything back uncharged, before what waits', async () => {
  const tasks = await startMany(2);
  await storage.submit({ priority: 9 });
  expect(await storage.registry.strikeExecutor('x1', 'shutdown', '')).toBe(2);
  const again = await storage.claim({ executor: 'x2', queues: [[pool({ maxTasks: 9 })]] });
  expect(again.map(({ id, solo, chargedAttempts }) => [id, solo, chargedAttempts])).toEqual(tasks.map(({ id }) => [id, false, 0]));
});

test('what an executor had sent before it was struck is refused after', async () => {
  const [task] = await startMany(1);
  await storage.submit();
  await storage.registry.strikeExecutor('x1', 'crash', 'SIGKILL');
  expect(await storage.run.claim(claimRequest())).toEqual({ kind: 'unregistered' });
  const late = await storage.run.settle(task ? [completed(task)] : [], claimRequest());
  expect(late).toEqual({ outcomes: ['refused'], next: { kind: 'unregistered' } });
});

test('striking twice, or one that held nothing, is nothing', async () => {
  await startMany(1);
  expect(await storage.registry.strikeExecutor('x1', 'crash', '')).toBe(1);
  expect(await storage.registry.strikeExecutor('x1', 'crash', '')).toBe(0);
  expect(await storage.registry.strikeExecutor('nobody', 'crash', '')).toBe(0);
});

test('what executors run is found by their names, up to a limit', async () => {
  const one = await startMany(3, 'x1');
  const other = await startMany(1, 'x2');
  const running = await storage.registry.runningTasks(['x1', 'x2', 'x3'], 2);
  expect(Object.fromEntries(running)).toEqual({ x1: one.slice(0, 2).map(({ id }) => id), x2: other.map(({ id }) => id), x3: [] });
});

test('a suspect that is released before it could prove itself still runs alone', async () => {
  const one = await storage.submit();
  const other = await storage.submit();
  await storage.claim({ queues: [[pool({ maxTasks: 2 })]] });
  await storage.registry.strikeExecutor('x1', 'crash', 'signal SIGKILL');
  await storage.register('x2');
  expect(await storage.claim({ executor: 'x2' })).toMatchObject([{ id: one, solo: true }]);
  await storage.registry.strikeExecutor('x2', 'shutdown', '');
  await storage.register('x3');
  expect(await storage.claim({ executor: 'x3', queues: [[pool({ maxTasks: 2 })]] })).toMatchObject([{ id: other, solo: true }]);
  expect(await storage.claim({ executor: 'x3', queues: [[pool({ maxTasks: 2 })]] })).toMatchObject([{ id: one, solo: true }]);
});
