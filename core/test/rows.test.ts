import { expect, test } from 'vitest';
import { joinRows, sliceRows, splitRows } from '../tensor/rows.ts';
import type { ModelTensor } from '../tensor/tensor.ts';
import { between, seeded } from './random.ts';

const floats = (shape: number[], ...values: number[]): ModelTensor => ({ datatype: 'FP32', shape, data: Float32Array.from(values) });
const texts = (shape: number[], ...words: string[]): ModelTensor => ({
  datatype: 'BYTES',
  shape,
  data: words.map((word) => new TextEncoder().encode(word)),
});

test('rows are joined in order', () => {
  expect(joinRows([floats([1, 2], 1, 2), floats([2, 2], 3, 4, 5, 6)])).toEqual(floats([3, 2], 1, 2, 3, 4, 5, 6));
  expect(joinRows([texts([1], 'a'), texts([2], 'b', 'c')])).toEqual(texts([3], 'a', 'b', 'c'));
});

test('every datatype keeps its array', () => {
  const one: ModelTensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(-5n) };
  expect(joinRows([one, one])).toEqual({ datatype: 'INT64', shape: [2], data: BigInt64Array.of(-5n, -5n) });
  const half: ModelTensor = { datatype: 'FP16', shape: [1], data: Uint16Array.of(0x3c00) };
  expect(joinRows([half, half]).data).toEqual(Uint16Array.of(0x3c00, 0x3c00));
});

test('a lone tensor is not copied', () => {
  const one = floats([1, 2], 1, 2);
  expect(joinRows([one])).toBe(one);
});

test('what is joined is split again into the same parts, which share memory', () => {
  const random = seeded(3);
  for (let round = 0; round < 100; round++) {
    const width = between(random, 0, 4);
    const counts = Array.from({ length: between(random, 1, 6) }, () => between(random, 0, 3));
    const parts = counts.map((count) => floats([count, width], ...Array.from({ length: count * width }, () => between(random, 0, 99))));
    const joined = joinRows(parts);
    const split = splitRows(joined, counts);
    expect(split).toEqual(parts);
    for (const { data } of split) expect((data as Float32Array).buffer).toBe((joined.data as Float32Array).buffer);
    const named = counts.map((count, part) => texts([count], ...Array.from({ length: count }, (_, row) => `${part}/${row}`)));
    expect(splitRows(joinRows(named), counts)).toEqual(named);
  }
});

test('a slice sees later writes: it is a view', () => {
  const tensor = floats([3, 2], 1, 2, 3, 4, 5, 6);
  const slice = sliceRows(tensor, 1, 3);
  expect(slice).toEqual(floats([2, 2], 3, 4, 5, 6));
  (tensor.data as Float32Array)[2] = 30;
  expect(slice.data[0]).toBe(30);
  expect(sliceRows(tensor, 3, 3)).toEqual(floats([0, 2]));
  expect(sliceRows(texts([3], 'a', 'b', 'c'), 1, 2)).toEqual(texts([1], 'b'));
});

test('rows that are not there are refused', () => {
  const tensor = floats([2, 1], 1, 2);
  for (const [from, to] of [
    [-1, 1],
    [0, 3],
    [2, 1],
  ] as const) {
    expect(() => sliceRows(tensor, from, to)).toThrow(`FP32 [2, 1] has no rows ${from} to ${to}`);
  }
  expect(() => sliceRows(floats([], 1), 0, 1)).toThrow('has no rows');
});

test('tensors of other widths or datatypes are not joined', () => {
  expect(() => joinRows([])).toThrow('no tensors');
  expect(() => joinRows([floats([1, 2], 1, 2), floats([1, 1], 1)])).toThrow('rows of FP32 [1, 1] and FP32 [1, 2] cannot be joined');
  expect(() => joinRows([floats([1, 4], 1, 2, 3, 4), floats([1, 2, 2], 1, 2, 3, 4)])).toThrow('cannot be joined');
  expect(() => joinRows([floats([0, 12]), floats([0, 1, 2])])).toThrow('cannot be joined');
  expect(() => joinRows([floats([1], 1), texts([1], 'a')])).toThrow('cannot be joined');
  expect(() => joinRows([floats([], 1), floats([], 1)])).toThrow('cannot be joined');
});

test('an output with other rows than its batch is refused', () => {
  expect(() => splitRows(floats([2, 1], 1, 2), [1, 2])).toThrow('FP32 [2, 1] should have 3 rows');
  expect(() => splitRows(floats([], 1), [1])).toThrow('should have 1 rows');
});
