import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParameterValue } from '@inferq/core/model.ts';
import { expect, test } from 'vitest';
import { runWorker, UsageError } from '../main.ts';
import { type Bench, eventually, openBench, probeRepository, type WorkerProcess } from './worker-process.ts';

async function executors(bench: Bench) {
  const { workers } = await bench.queue.registry.readRegistry();
  return workers.flatMap((worker) => worker.executors);
}

/** A worker whose one executor is busy for a while, so that what is submitted meanwhile comes as one batch. */
async function busyWorker(bench: Bench, blocksMs: number): Promise<{ worker: WorkerProcess; busy: string }> {
  const worker = bench.worker();
  await worker.ready();
  const busy = await bench.submit({ blocks_ms: blocksMs });
  await eventually('it runs', async () => (await bench.task(busy)).state === 'running');
  return { worker, busy };
}

const alive = (pid: number | undefined) => {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
};

test('tasks that waited together run in one batch and succeed', async () => {
  const bench = await openBench();
  const { busy } = await busyWorker(bench, 300);
  const ids = await bench.submitAll(Array(5).fill({}));
  const tasks = await Promise.all([busy, ...ids].map(bench.ended));
  expect(tasks.map(({ state }) => state)).toEqual(Array(6).fill('succeeded'));
  expect(tasks.at(-1)?.execution).toMatchObject({ batchTasks: 5, batchRows: 5, device: 'cpu' });
});

test('when an executor is killed in mid-batch, its tasks run again within a second of its successor, uncharged', async () => {
  const bench = await openBench();
  const { worker, busy } = await busyWorker(bench, 400);
  const ids = await bench.submitAll(Array(3).fill({ blocks_ms: 300 }));
  await eventually('the batch runs', async () => (await bench.task(ids[2] ?? '')).state === 'running');
  const { executors: started } = await worker.ready();
  process.kill(started[0]?.pid ?? 0, 'SIGKILL');
  await eventually('they were given back', async () => (await bench.task(ids[2] ?? '')).state === 'queued', 1_000);
  const tasks = await Promise.all([busy, ...ids].map(bench.ended));
  expect(tasks.map(({ state }) => state)).toEqual(Array(4).fill('succeeded'));
  expect(tasks.slice(1).map(({ attempt, chargedAttempts }) => [attempt, chargedAttempts])).toEqual(Array(3).fill([2, 0]));
  const [successor] = await executors(bench);
  expect(successor).toMatchObject({ restarts: 1, lastExit: 'signal SIGKILL' });
  expect(successor?.name).not.toBe(started[0]?.name);
});

test('a poison task fails after it has crashed an executor alone as often as it may; its neighbours succeed', async () => {
  const bench = await openBench();
  await busyWorker(bench, 300);
  const [poison = '', ...neighbours] = await bench.submitAll([{ crashes: true }, {}, {}], { maxAttempts: 1 });
  expect((await Promise.all(neighbours.map(bench.ended))).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  const failed = await bench.ended(poison);
  expect(failed).toMatchObject({ state: 'failed', attempt: 2, chargedAttempts: 1, error: { code: 'EXECUTOR_CRASHED' } });
  expect(failed.error?.message).toContain('SIGSEGV');
});

test('a run that hangs past its hard limit ends FAILED, its executor is replaced, and its neighbours succeed', async () => {
  const bench = await openBench();
  await busyWorker(bench, 300);
  const [hanging = ''] = await bench.submitAll([{ blocks_ms: 600_000 }], { hardLimitMs: 500 });
  const [neighbour = ''] = await bench.submitAll([{}], { hardLimitMs: 500 });
  expect(await bench.ended(hanging)).toMatchObject({ state: 'failed', error: { code: 'HARD_TIME_LIMIT' }, chargedAttempts: 1 });
  expect(await bench.ended(neighbour)).toMatchObject({ state: 'succeeded', chargedAttempts: 0 });
  const [successor] = await eventually('a successor works', async () => {
    const all = await executors(bench);
    return all.length > 0 && all;
  });
  expect(successor?.lastExit).toContain('does not end');
});

test('what was answered before the crash of its own batch stays answered', async () => {
  const bench = await openBench();
  await busyWorker(bench, 300);
  const file = join(bench.repository, 'answered');
  const poisonous: Record<string, ParameterValue> = { crashes: true, waits_for: file };
  const [early = '', poison = ''] = await bench.submitAll([{ answers_at_once: true }, poisonous], { maxAttempts: 1 });
  expect(await bench.ended(early)).toMatchObject({ state: 'succeeded', attempt: 1, execution: { batchTasks: 2 } });
  await writeFile(file, '');
  expect(await bench.ended(poison)).toMatchObject({ state: 'failed' });
});

test('a cancelled task that runs is CANCELLED when its run returns', async () => {
  const bench = await openBench();
  const { busy } = await busyWorker(bench, 500);
  await bench.queue.submission.cancel({ id: busy, force: false });
  expect(await bench.ended(busy)).toMatchObject({ state: 'cancelled' });
});

test('a stop under load finishes what runs, spends no attempt, leaves the rest queued, and exits with 0', async () => {
  const bench = await openBench();
  const { worker, busy } = await busyWorker(bench, 600);
  const waiting = await bench.submitAll(Array(20).fill({ blocks_ms: 100 }));
  const { executors: started } = await worker.ready();
  worker.signal('SIGTERM');
  expect(await worker.exited()).toBe(0);
  expect(await bench.task(busy)).toMatchObject({ state: 'succeeded', attempt: 1 });
  const tasks = await Promise.all(waiting.map(bench.task));
  expect(tasks.every(({ state, chargedAttempts }) => state === 'queued' && chargedAttempts === 0)).toBe(true);
  expect(started.map(({ pid }) => alive(pid))).toEqual([false]);
  expect((await bench.queue.registry.readRegistry()).workers).toEqual([]);
});

test('what does not finish within the grace is given back at its end, and runs elsewhere', async () => {
  const bench = await openBench();
  const worker = bench.worker({ graceMs: 200 });
  await worker.ready();
  const slow = await bench.submit({ blocks_ms: 2_000 });
  await eventually('it runs', async () => (await bench.task(slow)).state === 'running');
  worker.signal('SIGTERM');
  expect(await worker.exited()).toBe(0);
  expect(await bench.task(slow)).toMatchObject({ state: 'queued', chargedAttempts: 0 });
  await bench.worker().ready();
  expect(await bench.ended(slow)).toMatchObject({ state: 'succeeded', attempt: 2, chargedAttempts: 0 });
});

test('a second signal does not wait for the grace', async () => {
  const bench = await openBench();
  const { worker, busy } = await busyWorker(bench, 60_000);
  const began = performance.now();
  worker.signal('SIGINT');
  worker.signal('SIGTERM');
  expect(await worker.exited()).toBe(0);
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(await bench.task(busy)).toMatchObject({ state: 'queued', chargedAttempts: 0 });
});

test('SIGHUP is logged and stops neither worker nor run', async () => {
  const bench = await openBench();
  const worker = bench.worker({ logLevel: 'info' });
  await worker.ready();
  worker.signal('SIGHUP');
  await eventually('it is logged', () => worker.logged().some(({ msg }) => String(msg).startsWith('SIGHUP')));
  expect((await bench.ended(await bench.submit())).state).toBe('succeeded');
  worker.signal('SIGTERM');
  expect(await worker.exited()).toBe(0);
});

test('executors end at once when their supervisor is killed, and others take over after a lease', async () => {
  const bench = await openBench();
  const { worker, busy } = await busyWorker(bench, 1_000);
  const { executors: started } = await worker.ready();
  await worker.kill();
  await eventually('the executor is gone', () => !alive(started[0]?.pid));
  await bench.worker().ready();
  expect(await bench.ended(busy)).toMatchObject({ state: 'succeeded', attempt: 2 });
});

test('a restart of Redis in mid-run costs neither the run nor the worker', async () => {
  const bench = await openBench();
  const { busy } = await busyWorker(bench, 1_500);
  await bench.redis.restart('SIGTERM');
  expect(await bench.ended(busy)).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(await bench.ended(await bench.submit())).toMatchObject({ state: 'succeeded' });
});

test('one executor works on each device that is named', async () => {
  const bench = await openBench();
  const worker = bench.worker({ devices: 'cpu,cpu', name: 'twins' });
  await worker.ready();
  const names = (await executors(bench)).map(({ name }) => name);
  expect(names).toEqual([expect.stringMatching(/^twins-0-/), expect.stringMatching(/^twins-1-/)]);
  const first = await bench.submit({ blocks_ms: 1_000 });
  await eventually('the first runs', async () => (await bench.task(first)).state === 'running');
  const ran = await Promise.all([first, await bench.submit()].map(bench.ended));
  expect(new Set(ran.map(({ execution }) => execution?.executor))).toEqual(new Set(names));
});

test('a worker whose files differ from those that another serves refuses to start and names both digests', async () => {
  const bench = await openBench();
  await bench.worker({ name: 'first' }).ready();
  const changed = await probeRepository();
  const file = join(changed, 'probe', '1', 'handler.ts');
  await writeFile(file, `${await readFile(file, 'utf8')}\n// changed`);
  const { sentence, code } = await bench.worker({ name: 'second', repository: changed }).refused();
  expect(sentence).toMatch(
    /^UsageError: probe:1 cannot be served: its files here \(digest [0-9a-f]{64}\) differ .*\(digest [0-9a-f]{64}\)/,
  );
  expect(code).toBe(2);
});

test.each([
  ['a folder that does not exist', { repository: '/nonexistent' }, 'it does not exist'],
  ['an unknown model', { models: 'nosuch' }, 'nosuch'],
  ['a device that is none', { devices: 'tpu' }, '"tpu" is not a device'],
  ['a queue that is none', { queues: 'a b' }, '"a b" is not a valid queue name'],
])('%s is refused with one sentence', async (_, options, problem) => {
  const repository = await probeRepository();
  const refusal = await runWorker({ redisUrl: 'redis://:secret@127.0.0.1:1', repository, logLevel: 'silent', ...options }).catch(
    (error) => error,
  );
  expect(refusal).toBeInstanceOf(UsageError);
  expect(refusal.message).toMatch(/^[^\n]+$/);
  expect(refusal.message).toContain(problem);
});

test('a GPU is refused where CUDA cannot be loaded, with a sentence that says so', async () => {
  const bench = await openBench();
  const { sentence, code } = await bench.worker({ devices: '0' }).refused();
  expect(sentence).toMatch(/^UsageError: [^\n]*CUDA[^\n]+$/);
  expect(code).toBe(2);
});
