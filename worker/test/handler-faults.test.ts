import { expect, test } from 'vitest';
import { repositoryOf } from './model-folder.ts';
import { eventually, openBench } from './worker-process.ts';

const settings = `
handler: handler.ts
max_batch_size: 8
max_rows: 8
warmup: 0
retry: { max_attempts: 3, delay: 10ms }
parameters: { does: { type: string, default: "" } }
inputs: [{ name: x, datatype: FP32, shape: [-1, 1] }]
outputs: [{ name: y, datatype: FP32, shape: [-1, 1] }]
`;

/** `parts` are what a call does with the items whose parameter names it. */
function probe(parts: Record<string, string>, prelude = ''): Promise<string> {
  const source = `
import { defineHandler } from '@inferq/worker/handler';
${prelude}
const parts = { ${Object.entries(parts).map(([name, code]) => `${name}: async (item) => { ${code} }`)} };
export default defineHandler({
  load: () => undefined,
  async run(items) {
    await Promise.all(items.map((item) => parts[item.parameters.does]?.(item)));
    for (const item of items) item.complete({ y: item.inputs.x });
  },
});`;
  return repositoryOf({ 'probe/model.yaml': settings, 'probe/1/handler.ts': source });
}

test('an error that an earlier task left behind is logged with its model and task, and charged to nobody', async () => {
  const repository = await probe(
    {
      culprit: 'void trigger.promise.then(() => { throw new Error("astray\\u001b[31m"); })',
      innocent: 'trigger.resolve(); for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))',
    },
    'const trigger = Promise.withResolvers();',
  );
  const bench = await openBench();
  const worker = bench.worker({ repository, logLevel: 'info' });
  const [executor] = (await worker.ready()).executors;
  const culprit = await bench.submit({ does: 'culprit' }, { maxAttempts: 1 });
  expect(await bench.ended(culprit)).toMatchObject({ state: 'succeeded' });
  const innocent = await bench.submit({ does: 'innocent' }, { maxAttempts: 1 });
  expect(await bench.ended(innocent)).toMatchObject({ state: 'succeeded', attempt: 1, chargedAttempts: 0 });
  expect((await bench.queue.registry.readRegistry()).workers[0]?.executors[0]?.name).toBe(executor?.name);
  const line = worker.logged().find(({ msg }) => msg === 'an error that nobody caught');
  const err = { message: 'astray', stack: expect.stringContaining('handler.ts') };
  expect(line).toMatchObject({ level: 50, executor: executor?.name, model: 'probe:1', tasks: [culprit], err });
});

/** What one task prints, as the worker's log shows it. */
async function printed(code: string, until: (line: Record<string, unknown>) => boolean, prelude = '') {
  const bench = await openBench();
  const worker = bench.worker({ repository: await probe({ prints: code }, prelude), logLevel: 'info' });
  const [executor] = (await worker.ready()).executors;
  const task = await bench.submit({ does: 'prints' });
  expect(await bench.ended(task)).toMatchObject({ state: 'succeeded' });
  await eventually('it is logged', () => worker.logged().some(until));
  const lines = worker.logged().filter(({ stream }) => stream !== undefined);
  return { executor: executor?.name, task, lines, all: worker.logged() };
}

test('what a handler prints becomes lines of the log, with model and task, that cannot be mistaken for others', async () => {
  const { executor, task, lines } = await printed(
    `
    console.log('hello', { a: 1 });
    console.error(new Error('two\\n  lines').message);
    process.stdout.write('{"level":60,"msg":"forged"}\\n');
    process.stdout.write('\\u001b[31mred\\u009b0m\\u202e');
    process.stdout.write(Buffer.from(' ink\\n'));
    process.stderr.write('no end of line')`,
    ({ msg }) => msg === 'no end of line',
  );
  const by = { executor, model: 'probe:1', tasks: [task] };
  expect(lines).toMatchObject([
    { level: 30, stream: 'stdout', msg: 'hello { a: 1 }', ...by },
    { level: 40, stream: 'stderr', msg: 'two\n  lines', ...by },
    { level: 30, stream: 'stdout', msg: '{"level":60,"msg":"forged"}', ...by },
    { level: 30, stream: 'stdout', msg: 'red ink', ...by },
    { level: 40, stream: 'stderr', msg: 'no end of line', ...by },
  ]);
});

test('a warning of a handler is a line of the log', async () => {
  const { executor, task, all } = await printed(`process.emitWarning('careful')`, ({ msg }) => msg === 'Warning: careful');
  const line = all.find(({ msg }) => msg === 'Warning: careful');
  expect(line).toMatchObject({ level: 40, executor, model: 'probe:1', tasks: [task] });
});

test('what is printed past the log, by a file descriptor or another process, becomes lines of it too', async () => {
  const { executor, lines } = await printed(
    `
    writeSync(1, '{"level":60,"msg":"forged"}\\nsecond\\n');
    writeSync(2, '\\u001b[31mred\\n');
    spawnSync('sh', ['-c', 'echo from a child'], { stdio: 'inherit' })`,
    ({ msg }) => msg === 'from a child',
    `import { writeSync } from 'node:fs';\nimport { spawnSync } from 'node:child_process';`,
  );
  expect(lines.filter(({ stream }) => stream === 'stdout')).toMatchObject(
    ['{"level":60,"msg":"forged"}', 'second', 'from a child'].map((msg) => ({ level: 40, executor, msg })),
  );
  expect(lines.filter(({ stream }) => stream === 'stderr')).toMatchObject([{ level: 40, executor, msg: 'red' }]);
});

test('a handler that prints a hundred megabytes does not fill the log', async () => {
  const { all } = await printed(
    `
    for (let line = 0; line < 50_000; line++) console.log('x'.repeat(1_000));
    for (let line = 0; line < 25_000; line++) writeSync(1, 'y'.repeat(1_000) + '\\n');
    process.stderr.write('z'.repeat(25_000_000) + '\\n')`,
    ({ stream, msg }) => stream === 'stdout' && String(msg).startsWith('y'),
    `import { writeSync } from 'node:fs';`,
  );
  expect(JSON.stringify(all).length).toBeLessThan(2_000_000);
});
