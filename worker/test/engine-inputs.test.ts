import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelTensor } from '@inferq/core/tensor/tensor.ts';
import { expect, test } from 'vitest';
import { buildModel, identity } from '../../test/support/onnx-fixture.ts';
import { engineOn, floats, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const vector = { type: 'FP32' as const, shape: ['n'] };
/** y = x + b + c, where b is 10 and c is 100 unless a run says otherwise. */
const overridable = {
  inputs: { x: vector, b: { type: 'FP32' as const, shape: ['m'] }, c: { type: 'FP32' as const, shape: [1] } },
  outputs: { y: { type: 'FP32' as const, shape: ['k'] } },
  constants: { b: { shape: [1], values: [10] }, c: { shape: [1], values: [100] } },
  nodes: [
    { op: 'Add', inputs: ['x', 'b'], outputs: ['h'] },
    { op: 'Add', inputs: ['h', 'c'], outputs: ['y'] },
  ],
};
const x = floats([2], [1, 2]);

test('an initializer that is an input is the default of that input', async () => {
  const folder = await repositoryOf({ 'sum/model.yaml': '', 'sum/1/model.onnx': buildModel(overridable) });
  const { engine, heard } = await engineOn(folder, ['sum']);
  expect(engine.models[0]?.spec.inputs).toEqual([
    { name: 'x', datatype: 'FP32', shape: [-1], optional: false },
    { name: 'b', datatype: 'FP32', shape: [-1], optional: true },
    { name: 'c', datatype: 'FP32', shape: [1], optional: true },
  ]);
  const sums: [given: Record<string, ModelTensor>, y: number[]][] = [
    [{}, [111, 112]],
    [{ b: floats([1], [20]) }, [121, 122]],
    [{ b: floats([2], [20, 30]) }, [121, 132]],
    [{ c: floats([1], [0]) }, [11, 12]],
    [{ c: floats([1], [0]), b: floats([1], [0]) }, [1, 2]],
    [{}, [111, 112]],
  ];
  for (const [index, [given, y]] of sums.entries()) {
    engine.start({ name: 'sum', version: '1' }, [taskOf(`${index}`, { x, ...given })]);
    expect((await heard.outputs(`${index}`)).outputs.y).toEqual(floats([2], y));
  }
});

test('a file of an IR version in which all initializers are inputs has constants', async () => {
  const model = buildModel({ ...overridable, irVersion: 3 });
  const folder = await repositoryOf({ 'sum/model.yaml': '', 'sum/1/model.onnx': model });
  const { engine } = await engineOn(folder, ['sum']);
  expect(engine.models[0]?.spec.inputs.map(({ name }) => name)).toEqual(['x']);
});

test('in batches an initializer is given row by row, or keeps its default', async () => {
  const folder = await repositoryOf({ 'sum/model.yaml': 'max_batch_size: 8', 'sum/1/model.onnx': buildModel(overridable) });
  const { engine, heard } = await engineOn(folder, ['sum']);
  expect(engine.models[0]?.spec.inputs.map(({ name, optional }) => [name, optional])).toEqual([
    ['x', false],
    ['b', true],
  ]);
  const ref = { name: 'sum', version: '1' };
  const rows = (from: number) => floats([2], [from, from + 1]);
  engine.start(ref, [taskOf('one', { x, b: rows(0) }), taskOf('two', { x, b: rows(50) })]);
  engine.start(ref, [taskOf('plain', { x }), taskOf('alike', { x })]);
  engine.start(ref, [taskOf('given', { x, b: rows(0) }), taskOf('not given', { x })]);
  expect((await heard.outputs('one')).outputs.y).toEqual(floats([2], [101, 103]));
  expect((await heard.outputs('two')).outputs.y).toEqual(floats([2], [151, 153]));
  expect((await heard.outputs('plain')).outputs.y).toEqual(floats([2], [111, 112]));
  expect((await heard.outputs('alike')).outputs.y).toEqual(floats([2], [111, 112]));
  // They would not be batched together; were they, each is right.
  expect((await heard.outputs('given')).outputs.y).toEqual(floats([2], [101, 103]));
  expect((await heard.outputs('not given')).outputs.y).toEqual(floats([2], [111, 112]));
});

test('an initializer is overridden in a model whose other weights are in a file of their own', async () => {
  const { constants, ...graph } = overridable;
  const model = buildModel({ ...graph, constants: { b: constants.b }, externals: { c: { shape: [1], location: 'c.bin' } } });
  const folder = await repositoryOf({ 'sum/model.yaml': '', 'sum/1/model.onnx': model });
  await writeFile(join(folder, 'sum/1/c.bin'), Buffer.from(Float32Array.of(1_000).buffer));
  const { engine, heard } = await engineOn(folder, ['sum']);
  engine.start({ name: 'sum', version: '1' }, [taskOf('a', { x, b: floats([1], [20]) })]);
  expect((await heard.outputs('a')).outputs.y).toEqual(floats([2], [1_021, 1_022]));
});

test('an input of unknown rank takes any rank', async () => {
  const folder = await repositoryOf({ 'same/model.yaml': '', 'same/1/model.onnx': identity('FP32') });
  const { engine, heard } = await engineOn(folder, ['same']);
  expect(engine.models[0]?.spec.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [], optional: false, anyRank: true }]);
  const shapes = [[], [3], [2, 3], [0], [2, 0, 3], [1, 1, 1, 1, 1, 1, 2]];
  for (const shape of shapes) {
    const count = shape.reduce((product, size) => product * size, 1);
    const tensor = floats(
      shape,
      Array.from({ length: count }, (_, index) => index),
    );
    engine.start({ name: 'same', version: '1' }, [taskOf(`${shape}`, { x: tensor })]);
    expect((await heard.outputs(`${shape}`)).outputs.y).toEqual(tensor);
  }
});

test('in batches a tensor of unknown rank has rows, whatever else it has', async () => {
  const folder = await repositoryOf({ 'same/model.yaml': 'max_batch_size: 8', 'same/1/model.onnx': identity('FP32') });
  const { engine, heard } = await engineOn(folder, ['same']);
  const [flat, deep] = [floats([2], [1, 2]), floats([2, 1, 2], [1, 2, 3, 4])];
  engine.start({ name: 'same', version: '1' }, [taskOf('flat', { x: flat }), taskOf('other', { x: flat })]);
  engine.start({ name: 'same', version: '1' }, [taskOf('deep', { x: deep })]);
  engine.start({ name: 'same', version: '1' }, [taskOf('scalar', { x: floats([], [1]) })]);
  expect((await heard.outputs('other')).outputs.y).toEqual(flat);
  expect((await heard.outputs('deep')).outputs.y).toEqual(deep);
  expect((await heard.fault('scalar')).error).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'inputs[0].shape: has no dimensions, but dimension 0 counts rows',
  });
});

/** Each row of x as a map from class to value, as a classifier of scikit-learn has it. */
function zipMap(classes: string[] | bigint[]): Uint8Array {
  const attributes = { [typeof classes[0] === 'string' ? 'classlabels_strings' : 'classlabels_int64s']: classes };
  return buildModel({
    inputs: { x: { type: 'FP32', shape: ['n', 2] } },
    outputs: { first: { type: 'FP32', shape: ['n', 2] }, chances: { type: 'FP32', kind: 'maps' } },
    nodes: [
      { op: 'Neg', inputs: ['x'], outputs: ['first'] },
      { op: 'ZipMap', inputs: ['x'], outputs: ['chances'], domain: 'ai.onnx.ml', attributes },
    ],
  });
}

const words = (...texts: string[]) => texts.map((text) => new TextEncoder().encode(text));

test.each(['', 'max_batch_size: 4'])('maps of a ZipMap come as values and their classes (%s)', async (settings) => {
  const folder = await repositoryOf({
    'texts/model.yaml': settings,
    'texts/1/model.onnx': zipMap(['cat', 'Hündchen']),
    'numbers/model.yaml': settings,
    'numbers/1/model.onnx': zipMap([-1n, 7n]),
  });
  const { engine, heard } = await engineOn(folder, ['texts', 'numbers']);
  expect(engine.models.map(({ spec }) => spec.outputs)).toEqual(
    ['BYTES', 'INT64'].map((datatype) => [
      { name: 'first', datatype: 'FP32', shape: [-1, 2], optional: false },
      { name: 'chances', datatype: 'FP32', shape: [-1, 2], optional: false },
      { name: 'chances.classes', datatype, shape: [-1, 2], optional: false },
    ]),
  );
  const rows = floats([2, 2], [0.25, 0.75, 1, 0]);
  for (const name of ['texts', 'numbers']) {
    engine.start({ name, version: '1' }, [taskOf(`${name} a`, { x: rows }), taskOf(`${name} b`, { x: rows })]);
    const { outputs } = await heard.outputs(`${name} b`);
    expect(Object.keys(outputs)).toEqual(['first', 'chances', 'chances.classes']);
    expect(outputs.chances).toEqual(rows);
  }
  expect((await heard.outputs('texts b')).outputs['chances.classes']).toEqual({
    datatype: 'BYTES',
    shape: [2, 2],
    data: words('cat', 'Hündchen', 'cat', 'Hündchen'),
  });
  expect((await heard.outputs('numbers a')).outputs['chances.classes']).toEqual({
    datatype: 'INT64',
    shape: [2, 2],
    data: BigInt64Array.of(-1n, 7n, -1n, 7n),
  });
});

test.each([
  [
    { type: 'FP32' as const, kind: 'maps' as const },
    'Identity',
    'is a sequence of maps, which onnxruntime-node cannot carry: convert the model without ZipMap (for scikit-learn: `options={"zipmap": False}`)',
  ],
  [
    { type: 'FP32' as const, kind: 'sequence' as const },
    'SequenceConstruct',
    'is a sequence, which onnxruntime-node cannot carry: let the graph take and give tensors',
  ],
  [
    { type: 'BF16' as const, shape: ['n'] },
    'Identity',
    'has elements of BF16, which onnxruntime-node cannot carry: cast them to another type inside the graph',
  ],
])('an output that the binding cannot carry is refused with what to do', async (output, op, fault) => {
  const model = buildModel({ inputs: { x: vector }, outputs: { y: output }, nodes: [{ op, inputs: ['x'], outputs: ['y'] }] });
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': model });
  const { engine } = await engineOn(folder, ['m']);
  expect(engine.failed[0]?.reason).toBe(`output "y" ${fault}`);
  expect(engine.models).toEqual([]);
});
