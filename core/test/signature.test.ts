import { expect, test } from 'vitest';
import { shapeSignature } from '../tensor/signature.ts';
import { between, seeded } from './random.ts';
import { rawTensor } from './tensors.ts';

const long = (width: number) => rawTensor('a_rather_long_name_of_an_input', 'FP32', [1, width], 0);

test('short signatures can be read', () => {
  expect(shapeSignature([rawTensor('image', 'FP32', [7, 8, 8], 0)], true)).toBe('image=FP32[8,8]');
  expect(shapeSignature([rawTensor('image', 'FP32', [7, 8, 8], 0)], false)).toBe('image=FP32[7,8,8]');
});

test('the row dimension does not split a batch, any other dimension does', () => {
  const sign = (shape: number[]) => shapeSignature([rawTensor('x', 'FP32', shape, 0)], true);
  expect(sign([1, 8, 9])).toBe(sign([500, 8, 9]));
  expect(sign([1, 8, 9])).not.toBe(sign([1, 9, 8]));
  expect(sign([1, 89])).not.toBe(sign([1, 8, 9]));
});

test('the order of inputs does not matter; names, datatypes and presence do', () => {
  const [a, b] = [rawTensor('a', 'FP32', [1, 2], 0), rawTensor('b', 'INT64', [1, 3], 0)];
  expect(shapeSignature([a, b], true)).toBe(shapeSignature([b, a], true));
  expect(shapeSignature([long(2), b], true)).toBe(shapeSignature([b, long(2)], true));
  const others = [[a], [b], [a, b], [{ ...a, name: 'c' }, b], [{ ...a, datatype: 'INT32' }, b], []];
  expect(new Set(others.map((inputs) => shapeSignature(inputs, true))).size).toBe(others.length);
});

test('raw and contents sign alike', () => {
  const raw = rawTensor('a', 'FP32', [1, 2], 8);
  expect(shapeSignature([{ ...raw, data: undefined }], true)).toBe(shapeSignature([raw], true));
});

test('a name cannot pass for another shape', () => {
  const tricky = shapeSignature([rawTensor('a=FP32[1] b', 'FP32', [1, 2], 0)], true);
  expect(tricky).not.toBe(shapeSignature([rawTensor('a', 'FP32', [1, 1], 0), rawTensor('b', 'FP32', [1, 2], 0)], true));
});

test('long and odd signatures stay within 32 ASCII characters, and 20,000 of them are all different', () => {
  const random = seeded(7);
  const signatures = new Set<string>();
  const texts = new Set<string>();
  for (let count = 0; count < 20_000; count++) {
    const widths = [between(random, 0, 5_000), between(random, 0, 5_000)] as const;
    texts.add(widths.join());
    const signature = shapeSignature([long(widths[0]), rawTensor('\u00fcber', 'FP32', [1, widths[1]], 0)], true);
    expect(signature).toMatch(/^[\x20-\x7e]{1,32}$/);
    signatures.add(signature);
  }
  expect(signatures.size).toBe(texts.size);
});
