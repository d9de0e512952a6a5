import { expect, test } from 'vitest';
import { Tensor as WireTensor } from '../../proto/gen/inferq/v1/tensor.ts';
import { InvalidRequestError } from '../errors.ts';
import { type Scalar, tensor } from '../tensor/build.ts';
import { decodeTensors } from '../tensor/decode.ts';
import { encodeTensor } from '../tensor/encode.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../tensor/half.ts';
import { fromNested } from '../tensor/nested.ts';
import { type Tensor, texts } from '../tensor/tensor.ts';

function overTheWire(given: Tensor, offset: number): Tensor | undefined {
  const bytes = WireTensor.encode(encodeTensor('x', given)).finish();
  const shifted = new Uint8Array(bytes.length + offset);
  shifted.set(bytes, offset);
  return decodeTensors([WireTensor.decode(shifted.subarray(offset))]).x;
}

const samples: Record<string, Tensor> = {
  bool: tensor.bool([3], [true, false, true]),
  uint8: tensor.uint8([2], [0, 255]),
  uint16: tensor.uint16([2], [0, 65_535]),
  uint32: tensor.uint32([2], [0, 4_294_967_295]),
  uint64: tensor.uint64([2], [0, 2n ** 64n - 1n]),
  int8: tensor.int8([2], [-128, 127]),
  int16: tensor.int16([2], [-32_768, 32_767]),
  int32: tensor.int32([2], [-(2 ** 31), 2 ** 31 - 1]),
  int64: tensor.int64([2], [-(2n ** 63n), 7]),
  fp16: tensor.fp16([3], [0.5, -2, 65_504]),
  bf16: tensor.bf16([3], [0.5, -2, 256]),
  fp32: tensor.fp32([2, 2], [1.5, -0, 3, 4]),
  fp64: tensor.fp64([1], [Math.PI]),
  bytes: tensor.bytes([2], [Uint8Array.of(1, 2, 3), new Uint8Array()]),
};

test.each(Object.keys(samples))('%s comes back as it went, whatever its place in the message', (name) => {
  const sample = samples[name] as Tensor;
  for (const offset of [0, 1, 2, 3, 5]) {
    const back = overTheWire(sample, offset) as Tensor;
    expect({ ...back, data: plain(back) }).toEqual({ ...sample, data: plain(sample) });
    expect(back.data.constructor).toBe(sample.data.constructor);
  }
});

function plain(given: Tensor): unknown[] {
  return Array.from(given.data as Iterable<unknown>, (element) => (element instanceof Uint8Array ? [...element] : element));
}

test('texts are sent as UTF-8 behind their lengths and can be read as texts', () => {
  const wire = encodeTensor('x', tensor.strings([2], ['hé', '']));
  expect(wire.data).toEqual({ $case: 'raw', value: Buffer.from([3, 0, 0, 0, 0x68, 0xc3, 0xa9, 0, 0, 0, 0]) });
  expect(texts(overTheWire(tensor.strings([2], ['hé', '']), 0) as Tensor)).toEqual(['hé', '']);
});

test('typed lists are read too', () => {
  const contents = { fp32Contents: [1, 2], stringContents: ['a'], boolContents: [true], uintContents: [9], intContents: [-9] };
  const message = (datatype: string) =>
    WireTensor.create({ name: datatype, datatype, shape: [1], data: { $case: 'contents', value: contents } });
  const read = decodeTensors(['FP32', 'BYTES', 'BOOL', 'UINT16', 'INT16'].map(message));
  expect(read.FP32?.data).toEqual(Float32Array.of(1, 2));
  expect(read.BYTES?.data).toEqual(['a']);
  expect(read.BOOL?.data).toEqual(Uint8Array.of(1));
  expect(read.UINT16?.data).toEqual(Uint16Array.of(9));
  expect(read.INT16?.data).toEqual(Int16Array.of(-9));
});

test('a typed array of its own kind is not copied', () => {
  const values = new Float32Array(4);
  expect(tensor.fp32([4], values).data).toBe(values);
});

test.each<[string, () => unknown, string]>([
  ['a wrong count', () => tensor.fp32([1, 64], [1, 2]), '[1, 64] holds 64 elements, but 2 were given'],
  ['a dimension that is no count', () => tensor.fp32([-1], []), 'whole numbers of at least 0, not -1'],
  ['a number that would wrap', () => tensor.uint8([1], [256]), 'element 0 is 256, which UINT8 cannot hold'],
  ['a fraction in a whole datatype', () => tensor.int32([1], [1.5]), 'element 0 is 1.5'],
  ['a number that is not exact', () => tensor.int64([1], [2 ** 60]), 'INT64 cannot hold'],
  ['a bigint that would wrap', () => tensor.int64([1], [2n ** 63n]), 'INT64 cannot hold'],
  ['a text among numbers', () => tensor.of('FP32', [1], ['1'] as Scalar[]), 'element 0 is 1'],
  ['numbers among texts', () => tensor.of('BYTES', [2], ['a', 1] as Scalar[]), 'all strings or all byte arrays'],
  ['an unknown datatype', () => tensor.of('FP8', [1], [1]), 'there is no datatype FP8'],
])('%s is refused with a sentence', (_, build, sentence) => {
  expect(build).toThrow(InvalidRequestError);
  expect(build).toThrow(sentence);
});

test('nested lists give their shape and their values in order', () => {
  expect(fromNested([[[1, 2]], [[3, 4]], [[5, 6]]])).toEqual({ shape: [3, 1, 2], values: [1, 2, 3, 4, 5, 6] });
  expect(fromNested('text')).toEqual({ shape: [], values: ['text'] });
  expect(fromNested([])).toEqual({ shape: [0], values: [] });
});

test.each<[string, unknown, string]>([
  ['shorter lists', [[1, 2], [3]], 'differ in length: 2 and 1'],
  ['numbers beside lists', [[1], 2], 'found the value 2 instead of a list of 1'],
  ['lists beside numbers', [1, [2]], 'found a list of 1 instead of a number'],
  ['objects', [{}], 'found an object instead of a number'],
  ['null', [null], 'found null instead of a number'],
])('%s in nested lists are refused with a sentence', (_, nested, sentence) => {
  expect(() => fromNested(nested)).toThrow(sentence);
});

test('every 16-bit pattern survives the way to a number and back', () => {
  for (let pattern = 0; pattern < 0x10000; pattern++) {
    const half = fromFloat16(pattern);
    if (!Number.isNaN(half)) expect(toFloat16(half)).toBe(pattern);
    const brain = fromBfloat16(pattern);
    if (!Number.isNaN(brain)) expect(toBfloat16(brain)).toBe(pattern);
  }
  expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN();
  expect(fromBfloat16(toBfloat16(Number.NaN))).toBeNaN();
});

test('16-bit floats round to the nearest, ties to even, and overflow to infinity', () => {
  expect(toFloat16(1 + 2 ** -11)).toBe(toFloat16(1));
  expect(toFloat16(1 + 3 * 2 ** -11)).toBe(toFloat16(1 + 2 ** -9));
  expect(toFloat16(2047.9)).toBe(toFloat16(2048));
  expect(toFloat16(65_519)).toBe(0x7bff);
  expect(toFloat16(65_520)).toBe(0x7c00);
  expect(toFloat16(2 ** -25)).toBe(0);
  expect(toFloat16(1.5 * 2 ** -25)).toBe(1);
  expect(fromBfloat16(toBfloat16(3.4e38))).toBe(Number.POSITIVE_INFINITY);
});

test('a tensor that cannot be read is an error that names it', () => {
  const message = (more: object) => WireTensor.create({ name: 'y', datatype: 'FP32', shape: [1], ...more });
  const read = (more: object) => () => decodeTensors([message(more)]);
  expect(read({ data: { $case: 'raw', value: new Uint8Array(3) } })).toThrow('"y" that cannot be read: 3 bytes');
  expect(read({ datatype: 'FP8' })).toThrow('datatype FP8');
  expect(read({ datatype: 'BYTES', data: { $case: 'raw', value: Uint8Array.of(9, 0, 0, 0, 1) } })).toThrow('cut short');
  expect(read({ datatype: 'BYTES', data: { $case: 'raw', value: Uint8Array.of(9) } })).toThrow('cut short');
});

test('a text that UTF-8 cannot carry is refused, not changed', () => {
  expect(() => tensor.strings([2], ['a', 'b\ud800'])).toThrow('element 1 has half a surrogate pair');
  expect(tensor.strings([1], ['\u{1f600}']).data).toEqual(['\u{1f600}']);
});
