import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { dictionary, orderedDictionary } from '@inferq/core/dictionary.ts';
import { expect, test } from 'vitest';
import { buildModel, heavy, plusOne, product } from '../../test/support/onnx-fixture.ts';
import { engineOn, floats, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const demo = fileURLToPath(new URL('../../models', import.meta.url));
const counting = (rows: number, width: number, from = 0) =>
  floats(
    [rows, width],
    Array.from({ length: rows * width }, (_, i) => from + i),
  );

/** y[i] = [10, 20, 30][x[i]]: an index out of range fails the run. */
const lookup = buildModel({
  inputs: { x: { type: 'INT64', shape: ['n'] } },
  outputs: { y: { type: 'FP32', shape: ['n'] } },
  constants: { table: { shape: [3], values: [10, 20, 30] } },
  nodes: [{ op: 'Gather', inputs: ['table', 'x'], outputs: ['y'] }],
});
const indices = (...values: bigint[]) => ({ x: { datatype: 'INT64' as const, shape: [values.length], data: BigInt64Array.from(values) } });

test('the digits model names held-out digits', async () => {
  const { engine, heard } = await engineOn(demo, ['digits']);
  const { samples } = JSON.parse(await readFile(`${demo}/digits/samples.json`, 'utf8')) as {
    samples: { label: number; image: number[] }[];
  };
  const tasks = samples.map(({ image }, index) => taskOf(`${index}`, { image: floats([1, 64], image.flat(2)) }));
  engine.start({ name: 'digits', version: '1' }, tasks);
  let right = 0;
  for (const [index, { label }] of samples.entries()) {
    const { classes, outputs, facts } = await heard.outputs(`${index}`);
    expect(classes).toHaveLength(1);
    expect(outputs.logits?.shape).toEqual([1, 10]);
    expect(facts).toMatchObject({ batchTasks: samples.length, batchRows: samples.length });
    if (classes[0]?.[0]?.label === String(label)) right++;
  }
  expect(right / samples.length).toBeGreaterThanOrEqual(0.95);
});

test('a batch that was started behind another runs after it, unless it was taken back, and each is told to be over', async () => {
  const folder = await repositoryOf({ 'plus/model.yaml': 'max_batch_size: 4', 'plus/1/model.onnx': plusOne(['n', 3]) });
  const { engine, heard } = await engineOn(folder, ['plus']);
  const ref = { name: 'plus', version: '1' };
  const numbers = ['first', 'second', 'third'].map((key) => engine.start(ref, [taskOf(key, { x: counting(8, 3) })]));
  engine.abort('second', 'cancel');
  expect((await heard.outputs('third')).outputs.y).toEqual(counting(8, 3, 1));
  expect(await heard.fault('second')).toMatchObject({ error: { code: 'CANCELLED' } });
  await heard.until(() => heard.over.length === 3);
  expect(heard.over).toEqual(numbers);
  expect([...heard.outcomes.keys()]).toEqual(['first', 'second', 'third']);
});

test('tasks of one batch get their own rows, however the batch is cut into slices', async () => {
  const folder = await repositoryOf({ 'plus/model.yaml': 'max_batch_size: 4', 'plus/1/model.onnx': plusOne(['n', 3]) });
  const { engine, heard } = await engineOn(folder, ['plus']);
  const sizes = [1, 3, 9, 2];
  const batch = engine.start(
    { name: 'plus', version: '1' },
    sizes.map((rows, index) => taskOf(`${index}`, { x: counting(rows, 3, 100 * index) })),
  );
  for (const [index, rows] of sizes.entries()) {
    const { outputs, facts } = await heard.outputs(`${index}`);
    expect(outputs.y).toEqual(counting(rows, 3, 100 * index + 1));
    expect(facts).toMatchObject({ batchTasks: 4, batchRows: 15 });
  }
  await heard.until(() => heard.over.length > 0);
  expect(heard.over).toEqual([batch]);
});

test('a model without a batch dimension runs its tasks one by one', async () => {
  const folder = await repositoryOf({ 'plus/model.yaml': '', 'plus/1/model.onnx': plusOne([2, 2]) });
  const { engine, heard } = await engineOn(folder, ['plus']);
  engine.start({ name: 'plus', version: '1' }, [taskOf('a', { x: counting(2, 2) }), taskOf('b', { x: counting(2, 2, 10) })]);
  expect((await heard.outputs('a')).outputs.y).toEqual(counting(2, 2, 1));
  expect((await heard.outputs('b')).outputs.y).toEqual(counting(2, 2, 11));
});

const memberNames = ['__proto__', 'constructor', 'toString'];
const plainNames = memberNames.map((_, index) => `plain${index}`);

test.each([
  ['inputs', 'max_batch_size: 4', memberNames, plainNames],
  ['inputs', '', memberNames, plainNames],
  ['outputs', 'max_batch_size: 4', plainNames, memberNames],
  ['outputs', '', plainNames, memberNames],
])('%s may have the names of members of objects (%s)', async (_which, settings, inputs, outputs) => {
  const values = (names: string[]) => dictionary(names.map((name) => [name, { type: 'FP32' as const, shape: ['n', 3] }]));
  const nodes = inputs.map((name, index) => ({ op: 'Neg', inputs: [name], outputs: [outputs[index] ?? ''] }));
  const model = buildModel({ inputs: values(inputs), outputs: values(outputs), nodes });
  const folder = await repositoryOf({ 'neg/model.yaml': settings, 'neg/1/model.onnx': model });
  const { engine, heard } = await engineOn(folder, ['neg']);
  const tensors = (names: string[], sign: number) =>
    dictionary(
      names.map((name, index) => [
        name,
        floats(
          [1, 3],
          [1, 2, 3].map((value) => sign * (value + index)),
        ),
      ]),
    );
  engine.start({ name: 'neg', version: '1' }, [taskOf('a', tensors(inputs, 1)), taskOf('b', tensors(inputs, 1))]);
  expect(Object.entries((await heard.outputs('a')).outputs)).toEqual(Object.entries(tensors(outputs, -1)));
  expect(Object.entries((await heard.outputs('b')).outputs)).toEqual(Object.entries(tensors(outputs, -1)));
});

const vector = { type: 'FP32' as const, shape: ['n'] };
const unordered = buildModel({
  inputs: [
    ['7', vector],
    ['a', vector],
    ['3', vector],
  ],
  outputs: [
    ['b', vector],
    ['10', vector],
    ['2', vector],
  ],
  nodes: [
    { op: 'Neg', inputs: ['a'], outputs: ['b'] },
    { op: 'Neg', inputs: ['7'], outputs: ['10'] },
    { op: 'Neg', inputs: ['3'], outputs: ['2'] },
  ],
});
const sevenAThree = () => orderedDictionary([7, 'a', 3].map((name, index) => [String(name), floats([3], [index, 1, 2])]));

test.each(['max_batch_size: 2', 'max_batch_size: 8', ''])(
  'outputs come in the order of the model, in slices or not (%s)',
  async (settings) => {
    const folder = await repositoryOf({ 'm/model.yaml': settings, 'm/1/model.onnx': unordered });
    const { engine, heard } = await engineOn(folder, ['m']);
    expect(engine.models[0]?.spec.inputs.map(({ name }) => name)).toEqual(['7', 'a', '3']);
    engine.start({ name: 'm', version: '1' }, [taskOf('t', sevenAThree())]);
    const { outputs } = await heard.outputs('t');
    expect(Object.entries(outputs).map(([name, { data }]) => [name, data[0]])).toEqual([
      ['b', -1],
      ['10', -0],
      ['2', -2],
    ]);
  },
);

test('a handler sees inputs and outputs of sessions in the order of the model, and what it gives is put in that order', async () => {
  const list = (names: (number | string)[]) => `[${names.map((name) => `{ name: "${name}", datatype: FP32, shape: [-1] }`).join(', ')}]`;
  const folder = await repositoryOf({
    'm/model.yaml': `handler: handler.ts\nwarmup: false\ninputs: ${list([7, 'a', 3])}\noutputs: ${list(['b', 10, 2])}`,
    'm/1/model.onnx': unordered,
    'm/1/handler.ts': `
import { defineHandler, type Session } from '@inferq/worker/handler';
export default defineHandler<Session>({
  load: ({ session }) => session('model.onnx'),
  async run([item], session) {
    const outputs = await session.run(item!.inputs);
    item!.progress(0, [...Object.keys(item!.inputs), ...Object.keys(outputs)].join());
    await item!.emit({ ...outputs });
    item!.complete({ ...outputs });
  },
});`,
  });
  const { engine, heard } = await engineOn(folder, ['m']);
  engine.start({ name: 'm', version: '1' }, [taskOf('t', { ...sevenAThree() })]);
  expect(Object.keys((await heard.outputs('t')).outputs)).toEqual(['b', '10', '2']);
  expect(heard.progressed[0]?.message).toBe('7,a,3,b,10,2');
  expect(heard.chunks[0]?.names).toEqual(['b', '10', '2']);
});

test('a task that fails the run of its batch fails alone', async () => {
  const folder = await repositoryOf({ 'lookup/model.yaml': 'max_batch_size: 8', 'lookup/1/model.onnx': lookup });
  const { engine, heard } = await engineOn(folder, ['lookup']);
  engine.start({ name: 'lookup', version: '1' }, [taskOf('a', indices(0n, 2n)), taskOf('bad', indices(1n, 7n)), taskOf('c', indices(1n))]);
  expect((await heard.outputs('a')).outputs.y?.data).toEqual(Float32Array.of(10, 30));
  expect((await heard.outputs('c')).outputs.y?.data).toEqual(Float32Array.of(20));
  expect(await heard.fault('bad')).toMatchObject({
    error: {
      code: 'INVALID_INPUT',
      message: 'node Gather: indices element out of data bounds, idx=7 must be within the inclusive range [-3,2]',
      detail: expect.stringContaining('Non-zero status code'),
    },
    retry: false,
  });
});

test('an output without a row for each row of its inputs is the fault of the model, and the task is not tried again', async () => {
  const unique = buildModel({
    inputs: { x: { type: 'FP32', shape: ['n'] } },
    outputs: { y: { type: 'FP32', shape: ['m'] } },
    nodes: [{ op: 'Unique', inputs: ['x'], outputs: ['y'] }],
  });
  const folder = await repositoryOf({ 'unique/model.yaml': 'max_batch_size: 8', 'unique/1/model.onnx': unique });
  const { engine, heard } = await engineOn(folder, ['unique']);
  engine.start({ name: 'unique', version: '1' }, [taskOf('a', { x: floats([3], [5, 5, 5]) })]);
  const message = 'the model gave output "y" the shape [1] for 3 rows: set max_batch_size to 0';
  expect(await heard.fault('a')).toMatchObject({ error: { code: 'MODEL_ERROR', message }, retry: false });
});

test('input that cannot be read fails its task alone, and is not retried', async () => {
  const folder = await repositoryOf({ 'lookup/model.yaml': 'max_batch_size: 8', 'lookup/1/model.onnx': lookup });
  const { engine, heard } = await engineOn(folder, ['lookup']);
  const garbage = { key: 'garbage', id: '', attempt: 1, rows: 1, input: Uint8Array.of(255, 255, 255) };
  engine.start({ name: 'lookup', version: '1' }, [garbage, taskOf('other', { x: floats([1], [0]) }), taskOf('good', indices(0n))]);
  expect(await heard.fault('garbage')).toMatchObject({ error: { code: 'INVALID_INPUT' }, retry: false });
  expect(await heard.fault('other')).toMatchObject({ error: { code: 'INVALID_INPUT', message: expect.stringContaining('takes INT64') } });
  expect((await heard.outputs('good')).outputs.y?.data).toEqual(Float32Array.of(10));
});

test('a long run lets other models in, and ends between slices when its soft limit passes or it is cancelled', async () => {
  const folder = await repositoryOf({
    'heavy/model.yaml': 'max_batch_size: 4\nwarmup: false',
    'heavy/1/model.onnx': heavy(512, 8),
    'plus/model.yaml': 'max_batch_size: 4',
    'plus/1/model.onnx': plusOne(['n', 1]),
  });
  const { engine, heard } = await engineOn(folder, ['heavy', 'plus']);
  for (const why of ['soft', 'cancel'] as const) {
    engine.start({ name: 'heavy', version: '1' }, [taskOf(why, { x: counting(8_000, 512) })]);
    engine.start({ name: 'plus', version: '1' }, [taskOf(`quick-${why}`, { x: counting(1, 1) })]);
    await heard.outputs(`quick-${why}`);
    expect(heard.outcomes.has(why)).toBe(false);
    engine.abort(why, why);
    const { error, retry } = await heard.fault(why);
    expect(retry).toBe(false);
    expect(error.code).toBe(why === 'soft' ? 'SOFT_TIME_LIMIT' : 'CANCELLED');
    if (why === 'soft') expect(error.message).toMatch(/after [1-9][0-9]* of 8000 rows/);
  }
});

test('a soft limit passes over a task of one slice', async () => {
  const folder = await repositoryOf({ 'plus/model.yaml': 'max_batch_size: 2', 'plus/1/model.onnx': plusOne(['n', 1]) });
  const { engine, heard } = await engineOn(folder, ['plus']);
  const [cut, whole] = [taskOf('cut', { x: counting(400, 1) }), taskOf('whole', { x: counting(2, 1) })];
  engine.start({ name: 'plus', version: '1' }, [cut, whole]);
  engine.abort('cut', 'soft');
  engine.abort('whole', 'soft');
  expect((await heard.fault('cut')).error.code).toBe('SOFT_TIME_LIMIT');
  expect((await heard.outputs('whole')).outputs.y).toEqual(counting(2, 1, 1));
});

test('outputs above the limit fail with OUTPUT_TOO_LARGE and are not retried', async () => {
  const expand = buildModel({
    inputs: { x: { type: 'FP32', shape: ['n', 1] } },
    outputs: { y: { type: 'FP32', shape: ['n', 4_000_000] } },
    constants: { wide: { shape: [1, 4_000_000], values: new Float32Array(4_000_000) } },
    nodes: [{ op: 'Add', inputs: ['x', 'wide'], outputs: ['y'] }],
  });
  const folder = await repositoryOf({ 'expand/model.yaml': 'max_batch_size: 2\nwarmup: 0', 'expand/1/model.onnx': expand });
  const { engine, heard } = await engineOn(folder, ['expand']);
  engine.start({ name: 'expand', version: '1' }, [taskOf('big', { x: counting(6, 1) })]);
  expect(await heard.fault('big')).toMatchObject({ error: { code: 'OUTPUT_TOO_LARGE' }, retry: false });
});

test('texts reach a model and come back; bytes that are no text are the submitter’s mistake', async () => {
  const echo = buildModel({
    inputs: { x: { type: 'BYTES', shape: ['n'] } },
    outputs: { y: { type: 'BYTES', shape: ['n'] } },
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  const folder = await repositoryOf({ 'echo/model.yaml': 'max_batch_size: 8', 'echo/1/model.onnx': echo });
  const { engine, heard } = await engineOn(folder, ['echo']);
  const words = (...elements: Uint8Array[]) => ({ x: { datatype: 'BYTES' as const, shape: [elements.length], data: elements } });
  const encode = (word: string) => new TextEncoder().encode(word);
  engine.start({ name: 'echo', version: '1' }, [
    taskOf('good', words(encode('Grüße'), encode(''))),
    taskOf('bad', words(Uint8Array.of(0xff))),
  ]);
  expect((await heard.outputs('good')).outputs.y).toEqual(words(encode('Grüße'), encode('')).x);
  expect(await heard.fault('bad')).toMatchObject({ error: { code: 'INVALID_INPUT' }, retry: false });
});

test('inputs that share memory with others are copied, not taken away', async () => {
  const folder = await repositoryOf({ 'plus/model.yaml': 'max_batch_size: 4', 'plus/1/model.onnx': plusOne(['n', 1]) });
  const { engine, heard } = await engineOn(folder, ['plus']);
  const [a, b] = [taskOf('a', { x: counting(1, 1) }), taskOf('b', { x: counting(1, 1, 5) })];
  const pool = Buffer.concat([a.input, b.input, Buffer.from('kept')]);
  const middle = a.input.byteLength;
  const end = middle + b.input.byteLength;
  engine.start({ name: 'plus', version: '1' }, [
    { ...a, input: pool.subarray(0, middle) },
    { ...b, input: pool.subarray(middle, end) },
  ]);
  expect((await heard.outputs('b')).outputs.y?.data).toEqual(Float32Array.of(6));
  expect(pool.subarray(end).toString()).toBe('kept');
});

test('numbers too small for full precision are kept', async () => {
  const folder = await repositoryOf({ 'mul/model.yaml': '', 'mul/1/model.onnx': product() });
  const { engine, heard } = await engineOn(folder, ['mul']);
  engine.start({ name: 'mul', version: '1' }, [taskOf('t', { a: floats([1], [1e-30]), b: floats([1], [1e-10]) })]);
  expect((await heard.outputs('t')).outputs.y?.data[0]).toBe(Math.fround(Math.fround(1e-30) * Math.fround(1e-10)));
});

test('a model that flushes denormals is not served beside one that does not', async () => {
  const model = product();
  const folder = await repositoryOf({
    'flush/model.yaml': 'flush_denormals: true',
    'flush/1/model.onnx': model,
    'keep/model.yaml': '',
    'keep/1/model.onnx': model,
  });
  const { engine } = await engineOn(folder, ['flush', 'keep']);
  expect(engine.models.map(({ spec }) => spec.name)).toEqual(['keep']);
  expect(engine.failed).toMatchObject([{ name: 'flush', reason: expect.stringContaining('serve this one by a worker of its own') }]);
});
