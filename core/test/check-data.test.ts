import { expect, test } from 'vitest';
import type { TensorContents } from '../../proto/gen/inferq/v1/tensor.ts';
import { encodeBytes } from '../tensor/bytes.ts';
import { checkData } from '../tensor/check-data.ts';
import type { ListName } from '../tensor/datatypes.ts';
import { contentsLists, elementSize, isDatatype, ranges } from '../tensor/datatypes.ts';
import type { Datatype } from '../tensor/tensor.ts';
import { datatypes } from '../tensor/tensor.ts';
import { listTensor, rawTensor } from './tensors.ts';

const sizes: Record<Datatype, number | undefined> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
};

const samples: TensorContents = {
  boolContents: [true, false],
  intContents: [1, -2],
  int64Contents: [1n, -2n],
  uintContents: [1, 2],
  uint64Contents: [1n, 2n],
  fp32Contents: [0.5, Number.NaN],
  fp64Contents: [0.5, Infinity],
  bytesContents: [new Uint8Array(3), new Uint8Array()],
  stringContents: ['a', ''],
};
const lists = Object.keys(samples) as (keyof TensorContents)[];

function protoName(list: keyof TensorContents): ListName {
  return list.replace('Contents', '_contents') as ListName;
}

function check(datatype: Datatype, shape: number[], data: number | Uint8Array | Partial<TensorContents>) {
  const measured = typeof data === 'number' || data instanceof Uint8Array;
  const tensor = measured ? rawTensor('x', datatype, shape, data) : listTensor('x', datatype, shape, data);
  return checkData('inputs[0]', datatype, tensor).map(({ field, description }) => `${field}: ${description}`);
}

test('exactly the fourteen datatypes are datatypes', () => {
  expect(datatypes.filter(isDatatype)).toEqual(Object.keys(sizes));
  for (const text of ['', 'fp32', 'FLOAT', 'constructor', '__proto__', 'FP32 ']) expect(isDatatype(text)).toBe(false);
});

test.each(datatypes)('raw %s is measured by its element size', (datatype) => {
  const size = sizes[datatype];
  expect(elementSize(datatype)).toBe(size);
  if (size === undefined) return;
  expect(check(datatype, [2, 3], 6 * size)).toEqual([]);
  expect(check(datatype, [2, 3], 6 * size - 1)).toEqual([
    `inputs[0].raw: has ${6 * size - 1} bytes, but ${datatype} [2, 3] has ${6 * size}`,
  ]);
  expect(check(datatype, [2, 3], 6 * size + 1)).toHaveLength(1);
});

test('counts that overflow 64 bits are compared exactly', () => {
  const huge = [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1];
  expect(check('FP64', huge, 0)).toEqual([`inputs[0].raw: has 0 bytes, but FP64 [${huge.join(', ')}] has ${(2n ** 31n - 1n) ** 3n * 8n}`]);
  expect(check('FP32', [2 ** 30, 2 ** 30, 16], 0), '2^66 bytes are 0 modulo 2^64').toHaveLength(1);
});

test.each(datatypes)('contents of %s belong in its own list and in no other', (datatype) => {
  const right = contentsLists[datatype];
  for (const list of lists) {
    const found = check(datatype, [2], { [list]: samples[list] });
    if (right.includes(protoName(list))) expect(found).toEqual([]);
    else if (right.length === 0) expect(found).toEqual([`inputs[0].contents: cannot carry ${datatype}: set raw`]);
    else expect(found).toEqual([expect.stringMatching(/^inputs\[0\]\.contents\.[a-z0-9]+_contents: must be empty: /)]);
  }
});

test('a wrong list beside the right one is named', () => {
  expect(check('FP32', [2], { fp32Contents: [1, 2], int64Contents: [1n] })).toEqual([
    'inputs[0].contents.int64_contents: must be empty: FP32 values belong in fp32_contents',
  ]);
  expect(check('BYTES', [2], { bytesContents: samples.bytesContents, stringContents: samples.stringContents })).toEqual([
    'inputs[0].contents: has values in bytes_contents and string_contents: fill one of them',
  ]);
});

test('contents of another count than the shape are named', () => {
  expect(check('FP32', [2, 2], { fp32Contents: [1, 2, 3] })).toEqual([
    'inputs[0].contents.fp32_contents: has 3 values, but FP32 [2, 2] has 4',
  ]);
  expect(check('FP32', [1], {})).toEqual(['inputs[0].contents.fp32_contents: has 0 values, but FP32 [1] has 1']);
  expect(check('BYTES', [1], { stringContents: ['a', 'b'] })).toHaveLength(1);
});

test('lists that would be much larger as raw are refused', () => {
  // Nine million numbers of one byte each.
  const count = 9_000_000;
  const value = new Uint8Array(count + 5);
  value.set([0x1a, 0xc0, 0xa8, 0xa5, 0x04]);
  const tensor = { name: 'x', datatype: 'INT64', shape: [BigInt(count)], data: { $case: 'contents' as const, value } };
  expect(checkData('inputs[0]', 'INT64', tensor)).toEqual([
    { field: 'inputs[0].contents.int64_contents', description: 'has 72000000 bytes as raw; typed lists may have 67108864: send raw' },
  ]);
});

test('empty contents are right for a shape without elements', () => {
  for (const datatype of datatypes) expect(check(datatype, [0, 5], {})).toHaveLength(contentsLists[datatype].length === 0 ? 1 : 0);
});

test.each(Object.entries(ranges))('%s takes its smallest and largest value and nothing beyond', (datatype, { min, max }) => {
  const name = contentsLists[datatype as Datatype][0] as ListName;
  const list = name.replace('_c', 'C');
  expect(check(datatype as Datatype, [2], { [list]: [min, max] })).toEqual([]);
  // A list of unsigned numbers has none below 0.
  for (const value of min === 0 ? [max + 1] : [min - 1, max + 1]) {
    expect(check(datatype as Datatype, [2], { [list]: [0, value] })).toEqual([
      `inputs[0].contents.${name}[1]: is ${value}, but ${datatype} must be between ${min} and ${max}`,
    ]);
  }
});

test('a range is as wide as its typed array', () => {
  for (const [datatype, { min, max }] of Object.entries(ranges)) {
    const bits = 8 * (elementSize(datatype as Datatype) ?? 0);
    expect(max - min + 1).toBe(2 ** bits);
    expect(min).toBe(datatype.startsWith('U') ? 0 : -(2 ** (bits - 1)));
  }
});

test('no data at all is said, with the ways to give it', () => {
  const without = (datatype: Datatype) => checkData('inputs[0]', datatype, { name: 'x', datatype, shape: [0n], data: undefined });
  expect(without('FP32')).toEqual([{ field: 'inputs[0].data', description: 'is missing: set raw or contents' }]);
  expect(without('BF16')).toEqual([{ field: 'inputs[0].data', description: 'is missing: set raw' }]);
});

test('BYTES are walked, and the fault is named', () => {
  const two = encodeBytes([new Uint8Array(5), new Uint8Array()]);
  expect(check('BYTES', [2], two)).toEqual([]);
  expect(check('BYTES', [0], new Uint8Array())).toEqual([]);
  expect(check('BYTES', [3], two)).toEqual(['inputs[0].raw: has 2 elements, but BYTES [3] has 3']);
  expect(check('BYTES', [1], two)).toHaveLength(1);
  const layout = '(each element follows its length, 4 bytes little-endian)';
  expect(check('BYTES', [2], two.subarray(0, 12))).toEqual([
    `inputs[0].raw: element 1 needs 4 bytes for its length, but 3 are left ${layout}`,
  ]);
  expect(check('BYTES', [2], two.subarray(0, 8))).toEqual([`inputs[0].raw: element 0 says it has 5 bytes, but 4 are left ${layout}`]);
  expect(check('BYTES', [1], Uint8Array.of(255, 255, 255, 255, 1))).toEqual([
    `inputs[0].raw: element 0 says it has 4294967295 bytes, but 1 are left ${layout}`,
  ]);
});
