import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailedModel } from '@inferq/core/model.ts';
import { expect, test } from 'vitest';
import { failedModels } from '../supervisor/failed-models.ts';
import { type Bench, eventually, openBench, probeRepository } from './worker-process.ts';

const words = 'inputs: [{ name: x, datatype: FP32, shape: [1] }]\noutputs: [{ name: y, datatype: FP32, shape: [1] }]\n';
const handler = (settings = '') => `handler: handler.ts\n${settings}${words}`;
const crash = `import { kill, pid } from 'node:process';\nconst crash = () => { kill(pid, 'SIGSEGV'); for (;;); };\n`;

/** What is told without an executor's end. */
const broken = {
  'alias/model.yaml': 'queue: *q',
  'alias/1/model.onnx': 'x',
  'junk/model.yaml': '',
  'junk/1/model.onnx': 'this is not a model',
  'lone/model.yaml': '',
  'lone/01/model.onnx': 'x',
};

/** What ends its executor, or would be waited for without end. */
const fatal = {
  'crash/model.yaml': handler(),
  'crash/1/handler.ts': `${crash}crash();`,
  'endless/model.yaml': handler('load_time_limit: 1s\n'),
  'endless/1/handler.ts': 'for (;;);',
  'frail/model.yaml': handler(),
  'frail/1/handler.ts': `${crash}export default { load() {}, run() { crash(); } };`,
  'stuck/model.yaml': handler(),
  'stuck/1/handler.ts': 'await new Promise(() => {});',
};

async function registered(bench: Bench) {
  const [worker] = (await bench.queue.registry.readRegistry()).workers;
  return { failed: worker?.failedModels ?? [], served: worker?.executors.flatMap(({ models }) => models.map(({ name }) => name)) };
}

test('models that cannot be loaded are listed with the reason, and the others are served', async () => {
  const bench = await openBench();
  const worker = bench.worker({ repository: await probeRepository(broken), logLevel: 'warn' });
  const info = await worker.ready();
  expect(info.models).toEqual([{ name: 'probe', version: '1' }]);
  expect(await bench.ended(await bench.submit())).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(await registered(bench)).toEqual({
    served: ['probe'],
    failed: [
      { name: 'alias', version: '1', reason: expect.stringMatching(/alias\/model.yaml: line 1: is not valid YAML: the alias \*q/) },
      { name: 'lone', version: '', reason: expect.stringMatching(/lone: has no version: "01" is not one, because .* leading zeros/) },
      { name: 'junk', version: '1', reason: expect.stringMatching(/^Protobuf parsing failed/) },
    ],
  });
  const told = worker.logged().filter(({ msg }) => msg === 'model not loaded');
  expect(told.map(({ model }) => model)).toEqual(['alias:1', 'lone', 'junk:1']);
});

test('models that end or block their executor while they are loaded are left out, and the others are served', {
  timeout: 120_000,
}, async () => {
  const bench = await openBench();
  const worker = bench.worker({ repository: await probeRepository(fatal) });
  const { failed } = await eventually(
    'the others are served',
    async () => {
      const now = await registered(bench);
      return now.served?.includes('probe') && now;
    },
    100_000,
  );
  await worker.ready();
  expect(await bench.ended(await bench.submit())).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(Object.fromEntries(failed.map(({ name, reason }) => [name, reason]))).toEqual({
    crash: 'loading it failed, 2 times: signal SIGSEGV',
    endless: 'loading it failed: it took longer than its load_time_limit of 1 s',
    frail: expect.stringMatching(/^its warm-up on made-up input failed, 2 times: signal SIGSEGV; with `warmup: false` /),
    stuck: 'loading it failed: the inference thread waits for what can never happen',
  });
});

test.each([
  ['--strict', { strict: true }, { 'junk/model.yaml': '', 'junk/1/model.onnx': 'junk' }, /^UsageError: junk:1 cannot be loaded: Protobuf/],
  [
    '--strict',
    { strict: true },
    { 'alias/model.yaml': 'queue: *q', 'alias/1/model.onnx': '' },
    /^UsageError: alias:1 cannot be loaded: .*line 1/,
  ],
  ['nothing else', { models: 'junk,alias' }, broken, /^UsageError: junk:1 cannot be loaded: Protobuf/],
  [
    'nothing else',
    { models: 'alias,lone' },
    broken,
    /^UsageError: alias:1 cannot be loaded: .*\(and 1 more; `inferq models check` lists them\)$/,
  ],
])('with %s, a model that cannot be loaded keeps the worker from starting: %j', async (_, options, files, sentence) => {
  const bench = await openBench();
  const refused = await bench.worker({ ...options, repository: await probeRepository(files) }).refused();
  expect(refused).toEqual({ sentence: expect.stringMatching(sentence), code: 2 });
});

test('when an executor is replaced, a model whose files have changed is left out, and one that can be loaded now is served', async () => {
  const bench = await openBench();
  const source = 'export default { load() {}, run() {} };';
  const repository = await probeRepository({
    'other/model.yaml': handler('warmup: 0\n'),
    'other/1/handler.ts': source,
    'mended/model.yaml': handler('warmup: 0\n'),
    'mended/1/handler.ts': 'export default 3;',
  });
  const worker = bench.worker({ repository });
  const { executors } = await worker.ready();
  expect((await registered(bench)).failed.map(({ name }) => name)).toEqual(['mended']);
  await writeFile(join(repository, 'other/1/handler.ts'), `${source} // changed`);
  await writeFile(join(repository, 'mended/1/handler.ts'), source);
  process.kill(executors[0]?.pid ?? 0, 'SIGKILL');
  const { failed } = await eventually('a successor works', async () => {
    const now = await registered(bench);
    return now.served?.includes('mended') && now;
  });
  expect(failed).toEqual([
    { name: 'other', version: '1', reason: expect.stringMatching(/^its files have changed since the worker started/) },
  ]);
  expect((await bench.queue.registry.readRegistry()).models.map(({ name }) => name)).toContain('mended');
  expect(await bench.ended(await bench.submit())).toMatchObject({ state: 'succeeded' });
});

const failure = (name: string, reason: string): FailedModel => ({ name, version: '1', reason });

test('a failure names its device unless it is the same on all', () => {
  const broken = [failure('a', 'no such key')];
  const first = { device: 'cuda:0', failed: [failure('b', 'junk'), failure('c', 'out of memory')] };
  const second = { device: 'cuda:1', failed: [failure('b', 'junk')] };
  expect(failedModels(broken, [first, second])).toEqual([
    failure('a', 'no such key'),
    failure('b', 'junk'),
    failure('c', 'on cuda:0: out of memory'),
  ]);
  expect(failedModels([failure('a', `${'long '.repeat(200)}\n\u001b[31mtale`)], [])[0]?.reason).toHaveLength(500);
});
