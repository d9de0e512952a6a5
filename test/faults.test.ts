import { tensor } from '@inferq/client/index.ts';
import { afterEach, expect, test } from 'vitest';
import { eventually, type Stack, startStack } from './support/stack.ts';

let stack: Stack;

afterEach(() => stack?.stop());

function probe(parameters: Record<string, number | boolean> = {}) {
  return { model: 'probe', inputs: { x: tensor.fp32([1, 2], [1, 2]) }, parameters };
}

async function runningExecutor(): Promise<{ name: string; tasks: string[] } | undefined> {
  for await (const worker of stack.client.admin.workers()) {
    const busy = worker.executors.find((executor) => executor.runningTaskIds.length > 0);
    if (busy) return { name: busy.name, tasks: busy.runningTaskIds };
  }
  return undefined;
}

test('when a task crashes its executor in mid-batch, its neighbours succeed and only the culprit fails', async () => {
  stack = await startStack();
  // One slow task holds the executor, so that the others wait and come as one batch.
  const first = await stack.client.submit(probe({ busy_ms: 300 }));
  await eventually('the first runs', async () => (await stack.client.getResult(first.taskId)).state === 'RUNNING');
  const poison = await stack.client.submit({ ...probe({ crash: true }), maxAttempts: 1 });
  const neighbours = await Promise.all([1, 2, 3].map(() => stack.client.submit({ ...probe(), maxAttempts: 1 })));
  for (const { taskId } of [first, ...neighbours]) {
    expect(await stack.client.getResult(taskId, { waitMs: 30_000 })).toMatchObject({ state: 'SUCCEEDED' });
  }
  const failed = await stack.client.getResult(poison.taskId, { waitMs: 30_000 });
  expect(failed).toMatchObject({ state: 'FAILED', chargedAttempts: 1, error: { code: 'EXECUTOR_CRASHED' } });
  expect(failed.error?.message).toContain('SIGKILL');
});

test('a task that an exception stopped is tried again and succeeds', async () => {
  stack = await startStack();
  const task = await stack.client.predict(probe({ throw_times: 2 }));
  expect(task).toMatchObject({ state: 'SUCCEEDED', attempt: 3, chargedAttempts: 2 });
  expect(task.earlierExecutions.map((execution) => execution.error?.code)).toEqual(['MODEL_ERROR', 'MODEL_ERROR']);
});

test('a watch goes on, with every chunk once and in order, when its server is restarted', async () => {
  stack = await startStack();
  const port = stack.address.split(':')[1];
  const { taskId } = await stack.client.submit(probe({ chunks: 40, chunk_ms: 50 }));
  const indices: number[] = [];
  let state = '';
  for await (const event of stack.client.watch(taskId)) {
    if (event.kind === 'chunk') {
      indices.push(event.index);
      if (event.index === 5) {
        await stack.server.stop('SIGTERM');
        await stack.startServer(['--listen', `127.0.0.1:${port}`]);
      }
    }
    if (event.kind === 'state' || event.kind === 'snapshot') state = event.task.state;
  }
  expect(state).toBe('SUCCEEDED');
  expect(indices).toEqual([...Array(40).keys()]);
});

test('acknowledged tasks survive a restart of Redis, and work goes on', async () => {
  stack = await startStack({ redis: { appendfsync: 'always' } });
  const slow = await stack.client.submit(probe({ busy_ms: 1_500 }));
  const waiting = await Promise.all(Array.from({ length: 20 }, () => stack.client.submit(probe())));
  await eventually('the slow task runs', async () => (await stack.client.getResult(slow.taskId)).state === 'RUNNING');
  await stack.redis.restart('SIGKILL');
  for (const { taskId } of [slow, ...waiting]) {
    expect(await stack.client.getResult(taskId, { waitMs: 40_000 })).toMatchObject({ state: 'SUCCEEDED' });
  }
});

test('a graceful stop under load finishes or releases what is held and spends no attempt', async () => {
  stack = await startStack();
  const tasks = await Promise.all(Array.from({ length: 30 }, () => stack.client.submit(probe({ busy_ms: 50 }))));
  await eventually('something runs', runningExecutor);
  expect(await stack.workers[0]?.stop('SIGTERM')).toBe(0);
  const states = await Promise.all(tasks.map(async ({ taskId }) => (await stack.client.getResult(taskId)).state));
  expect(states).not.toContain('RUNNING');
  expect(states).not.toContain('FAILED');
  await stack.startWorker();
  for (const { taskId } of tasks) {
    expect(await stack.client.getResult(taskId, { waitMs: 30_000 })).toMatchObject({ state: 'SUCCEEDED', chargedAttempts: 0 });
  }
});

test('a task over its hard limit fails alone, and its executor is replaced', async () => {
  stack = await startStack();
  const { taskId } = await stack.client.submit({ ...probe({ busy_ms: 15_000 }), hardTimeLimitMs: 500 });
  expect(await stack.client.getResult(taskId, { waitMs: 20_000 })).toMatchObject({ state: 'FAILED', error: { code: 'HARD_TIME_LIMIT' } });
  expect(await stack.client.predict(probe(), { timeoutMs: 20_000 })).toMatchObject({ state: 'SUCCEEDED' });
});

/** A batch of one task that never returns, with a hard limit of a second, and three neighbours with one of five minutes. */
async function hangInABatch(hang: string) {
  const { client } = stack;
  // One slow task holds the executor, so that the others wait and come as one batch.
  const first = await client.submit(probe({ busy_ms: 1_000 }));
  await eventually('the first runs', async () => (await client.getResult(first.taskId)).state === 'RUNNING');
  const culprit = await client.submit({ ...probe(), parameters: { hang }, hardTimeLimitMs: 1_000 });
  const neighbours = await Promise.all([1, 2, 3].map(() => client.submit({ ...probe(), maxAttempts: 1, hardTimeLimitMs: 300_000 })));
  const ended = await Promise.all(neighbours.map(({ taskId }) => client.getResult(taskId, { waitMs: 40_000 })));
  return { failed: await client.getResult(culprit.taskId, { waitMs: 5_000 }), ended };
}

test.each(['early', 'late'])(
  'a task that blocks its thread for ever fails alone at its hard limit, and its neighbours run again, uncharged (%s)',
  async (hang) => {
    stack = await startStack();
    const { failed, ended } = await hangInABatch(hang);
    const again = { state: 'SUCCEEDED', attempt: 2, chargedAttempts: 0, earlierExecutions: [{ batchTasks: 4 }] };
    for (const task of ended) expect(task).toMatchObject(again);
    expect(failed).toMatchObject({ state: 'FAILED', attempt: 2, chargedAttempts: 1, error: { code: 'HARD_TIME_LIMIT' } });
  },
);

test('a task that waits for ever without blocking its thread fails at its hard limit, and its neighbours succeed at once', async () => {
  stack = await startStack();
  const { failed, ended } = await hangInABatch('await');
  for (const task of ended) expect(task).toMatchObject({ state: 'SUCCEEDED', attempt: 1, execution: { batchTasks: 4 } });
  expect(failed).toMatchObject({ state: 'FAILED', attempt: 1, error: { code: 'HARD_TIME_LIMIT' } });
});
