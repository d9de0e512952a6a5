import { expect, test } from 'vitest';
import { repositoryOf } from './model-folder.ts';
import { openBench } from './worker-process.ts';

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
