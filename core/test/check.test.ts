import { expect, test } from 'vitest';
import { encodeBytes } from '../tensor/bytes.ts';
import { checkInputs } from '../tensor/check.ts';
import type { Tensor, TensorSpec } from '../tensor/tensor.ts';
import { rawTensor, spec } from './tensors.ts';

const alone = { maxBatchSize: 0, maxRows: 10_000 };
const batched = { maxBatchSize: 64, maxRows: 10_000 };
const image = spec('image', 'FP32', [-1, 64]);

function violations(specs: TensorSpec[], inputs: Tensor[], batching = batched) {
  const { violations: found, rows, signature } = checkInputs(specs, inputs, batching);
  expect([rows, signature]).toEqual(found.length > 0 ? [0, ''] : [expect.any(Number), expect.stringMatching(/^.{1,32}$/)]);
  for (const { description } of found) expect(description.length).toBeLessThan(200);
  return found.map(({ field, description }) => `${field}: ${description}`);
}

test('right inputs have no violations, and their rows are dimension 0', () => {
  const found = checkInputs([image], [rawTensor('image', 'FP32', [3, 64], 3 * 256)], batched);
  expect(found).toEqual({ violations: [], rows: 3, signature: 'image=FP32[64]' });
});

test('a model without a batch dimension takes one row, and its whole shape signs', () => {
  const found = checkInputs([image], [rawTensor('image', 'FP32', [3, 64], 3 * 256)], alone);
  expect(found).toEqual({ violations: [], rows: 1, signature: 'image=FP32[3,64]' });
});

test('an unknown name is told which inputs there are, and the missing one what to give', () => {
  expect(violations([image, spec('mask', 'BOOL', [-1], true)], [rawTensor('img', 'FP32', [1, 64], 256)])).toEqual([
    'inputs[0].name: "img" is not an input of the model. The model takes image, mask',
    'inputs: "image" is missing: add it as FP32 [-1, 64]',
  ]);
});

test('an optional input may be left out', () => {
  expect(violations([image, spec('mask', 'BOOL', [-1], true)], [rawTensor('image', 'FP32', [1, 64], 256)])).toEqual([]);
});

test('a model that takes nothing runs on nothing, as one row', () => {
  expect(checkInputs([], [], batched)).toMatchObject({ violations: [], rows: 1 });
  expect(violations([], [rawTensor('x', 'FP32', [1], 4)])).toEqual([
    'inputs[0].name: "x" is not an input of the model. The model takes none',
  ]);
});

test('an input given twice is named where it comes again', () => {
  const twice = rawTensor('image', 'FP32', [1, 64], 256);
  expect(violations([image], [twice, twice])).toEqual(['inputs[1].name: "image" is already given as inputs[0]']);
});

test('every wrong field of every input is named in one go', () => {
  const specs = [image, spec('count', 'INT64', [-1]), spec('text', 'BYTES', [-1])];
  const found = violations(specs, [
    rawTensor('image', 'FLOAT', [1, 63], 7),
    rawTensor('count', 'INT32', [1], 4),
    rawTensor('text', 'BYTES', [1], encodeBytes([])),
    rawTensor('more', 'FP32', [1], 4),
  ]);
  expect(found.map((one) => one.split(':')[0])).toEqual([
    'inputs[0].datatype',
    'inputs[0].shape',
    'inputs[1].datatype',
    'inputs[2].raw',
    'inputs[3].name',
  ]);
});

test('a datatype says whether it is unknown or another one', () => {
  expect(violations([image], [rawTensor('image', 'FLOAT', [1, 64], 256)])).toEqual([
    'inputs[0].datatype: "FLOAT" is not a datatype; "image" takes FP32',
  ]);
  expect(violations([image], [rawTensor('image', 'FP64', [1, 64], 256)])).toEqual(['inputs[0].datatype: is FP64, but "image" takes FP32']);
  expect(violations([image], [rawTensor('image', 'toString', [1, 64], 256)])[0]).toContain('is not a datatype');
});

test.each([
  [[64], 'has 1 dimension, but "image" takes [-1, 64] (-1: any size)'],
  [[], 'has 0 dimensions, but "image" takes [-1, 64] (-1: any size)'],
  [[1, 63], 'dimension 1 is 63, but "image" takes [-1, 64] (-1: any size)'],
  [[-1, 64], 'dimension 0 is -1, but must be between 0 and 2147483647'],
  [[2 ** 31, 64], 'dimension 0 is 2147483648, but must be between 0 and 2147483647'],
  [[0, 64], 'dimension 0 counts rows and must be at least 1'],
  [[10_001, 64], 'dimension 0 counts rows: 10001 exceed the limit of 10000 per task; submit several tasks'],
])('shape %j is refused', (shape, sentence) => {
  const size = shape.reduce((product, dimension) => product * dimension, 4);
  const raw = size > 0 && size < 1e7 ? size : 0;
  expect(violations([image], [rawTensor('image', 'FP32', shape, raw)])).toEqual([`inputs[0].shape: ${sentence}`]);
});

test('the largest task has exactly as many rows as allowed', () => {
  expect(violations([image], [rawTensor('image', 'FP32', [10_000, 64], 10_000 * 256)])).toEqual([]);
});

test('all inputs of a batched model need the same rows', () => {
  const specs = [image, spec('weight', 'FP32', [-1])];
  const inputs = [rawTensor('image', 'FP32', [2, 64], 512), rawTensor('weight', 'FP32', [3], 12)];
  expect(violations(specs, inputs)).toEqual([
    'inputs[1].shape: dimension 0 counts rows: 3 here, but 2 in inputs[0]; all inputs must have the same number',
  ]);
  expect(violations(specs, inputs, alone)).toEqual([]);
});

test('a fixed first dimension of a batched model is exactly so many rows', () => {
  const prompt = spec('prompt', 'BYTES', [1]);
  const text = new TextEncoder().encode('Once upon');
  expect(checkInputs([prompt], [rawTensor('prompt', 'BYTES', [1], encodeBytes([text]))], batched)).toEqual({
    violations: [],
    rows: 1,
    signature: 'prompt=BYTES[]',
  });
  expect(violations([prompt], [rawTensor('prompt', 'BYTES', [2], encodeBytes([text, text]))])).toEqual([
    'inputs[0].shape: dimension 0 is 2, but "prompt" takes [1]',
  ]);
});

test('a tensor without elements is right where a free dimension other than rows is 0', () => {
  const tokens = spec('tokens', 'INT64', [-1, -1]);
  expect(checkInputs([tokens], [rawTensor('tokens', 'INT64', [2, 0], 0)], batched)).toMatchObject({ violations: [], rows: 2 });
  expect(violations([tokens], [rawTensor('tokens', 'INT64', [0, 0], 0)], alone)).toEqual([]);
});

test('a scalar is one element', () => {
  const scalar = spec('x', 'FP64', []);
  expect(violations([scalar], [rawTensor('x', 'FP64', [], 8)], alone)).toEqual([]);
  expect(violations([scalar], [rawTensor('x', 'FP64', [], 0)], alone)).toEqual(['inputs[0].raw: has 0 bytes, but FP64 [] has 8']);
});

test('hostile names stay short and without control characters', () => {
  const [found] = violations([image], [rawTensor(`\u0000\n{}${'x'.repeat(1e6)}`, 'FP32', [1, 64], 256)]);
  expect(found).toMatch(/^[^\p{Cc}]+$/u);
});

test('the known names are cut where they would be too long', () => {
  const specs = Array.from({ length: 30 }, (_, index) => spec(`${'n'.repeat(60)}${index}`, 'FP32', [-1], true));
  expect(violations(specs, [rawTensor('x', 'FP32', [1], 4)])[0]).toMatch(/\.\.\.$/);
});

test('a flood of tensors gets one violation', () => {
  const inputs = Array.from({ length: 100_000 }, () => rawTensor('x', 'FP32', [1], 4));
  expect(violations([image], inputs)).toEqual(['inputs: has 100000 tensors, but the model takes image']);
});

test('a shape of a million dimensions is not walked', () => {
  const shape: bigint[] = new Proxy(new Array<bigint>(1_000_000), {
    get(target, key) {
      if (key === 'length') return target.length;
      if (key === '0') return 1n;
      throw new Error(`${String(key)} was read`);
    },
  });
  const input: Tensor = { name: 'image', datatype: 'FP32', shape, data: { $case: 'raw', value: new Uint8Array(4) } };
  expect(violations([image], [input])).toEqual(['inputs[0].shape: has 1000000 dimensions, but "image" takes [-1, 64] (-1: any size)']);
});

test('raw numbers are measured, not read', () => {
  const raw = new Proxy(new Uint8Array(0), {
    get(_, key) {
      if (key === 'byteLength') return 4_096_000;
      throw new Error(`${String(key)} was read`);
    },
  });
  expect(
    violations(
      [image],
      [rawTensor('image', 'FP32', [10_000, 64], 0)].map((one) => ({ ...one, data: { $case: 'raw', value: raw } })),
    ),
  ).toEqual(['inputs[0].raw: has 4096000 bytes, but FP32 [10000, 64] has 2560000']);
});
