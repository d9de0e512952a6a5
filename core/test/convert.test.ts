import { expect, test } from 'vitest';
import { TensorContents } from '../../proto/gen/inferq/v1/tensor.ts';
import { atOnce } from '../slices.ts';
import { decodeBytes, encodeBytes } from '../tensor/bytes.ts';
import { checkData } from '../tensor/check-data.ts';
import { contentsUsed, toContents, toModelTensor, toRaw, toTensor } from '../tensor/convert.ts';
import { arrayTypes, contentsLists } from '../tensor/datatypes.ts';
import type { Datatype, ModelTensorData } from '../tensor/tensor.ts';
import { datatypes } from '../tensor/tensor.ts';
import { between, seeded } from './random.ts';
import { listTensor, rawTensor } from './tensors.ts';

const limit = 1_000;
const text = (words: string) => new TextEncoder().encode(words);

/** Random bytes that are right for the datatype. */
function randomRaw(random: () => number, datatype: Datatype, elements: number): Uint8Array {
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => between(random, 0, datatype === 'BOOL' ? 1 : 255));
  if (datatype === 'BYTES') return encodeBytes(Array.from({ length: elements }, () => bytes(between(random, 0, 9))));
  return bytes(elements * arrayTypes[datatype].BYTES_PER_ELEMENT);
}

test.each(datatypes)('%s goes to model code and back unchanged, from any alignment', (datatype) => {
  const random = seeded(11);
  for (let round = 0; round < 50; round++) {
    const shape = [between(random, 1, 4), between(random, 0, 5)] as [number, number];
    const raw = randomRaw(random, datatype, shape[0] * shape[1]);
    const padding = round % 9;
    const message = Buffer.alloc(padding + raw.length + 3, 0xee);
    message.set(raw, padding);
    const tensor = rawTensor('x', datatype, shape, message.subarray(padding, padding + raw.length));
    const model = toModelTensor(tensor);
    expect(model.shape).toEqual(shape);
    expect(model.data.constructor).toBe(datatype === 'BYTES' ? Array : arrayTypes[datatype]);
    const back = toTensor('x', model);
    expect(back).toEqual(rawTensor('x', datatype, shape, raw));
    expect(checkData('outputs[0]', datatype, back)).toEqual([]);
  }
});

test.each(datatypes)('%s goes to contents and back unchanged', (datatype) => {
  const random = seeded(13);
  for (let round = 0; round < 20; round++) {
    const tensor = rawTensor('x', datatype, [2, 3], randomRaw(random, datatype, 6));
    const listed = atOnce(toContents(tensor, limit));
    expect(listed.data?.$case).toBe(contentsLists[datatype].length === 0 ? 'raw' : 'contents');
    expect(checkData('inputs[0]', datatype, listed)).toEqual([]);
    expect(toTensor('x', toModelTensor(listed))).toEqual(tensor);
    expect(atOnce(toRaw(listed))).toEqual(tensor);
    const bytes = listed.data?.value.length ?? 0;
    expect(atOnce(toContents(tensor, bytes))).toEqual(listed);
    if (listed.data?.$case === 'contents') expect(atOnce(toContents(tensor, bytes - 1))).toBe(tensor);
  }
});

test('aligned raw is viewed, unaligned raw is copied', () => {
  const message = Buffer.from(new Float32Array([1, 2, 3]).buffer);
  expect((toModelTensor(rawTensor('x', 'FP32', [2], message.subarray(4))).data as Float32Array).buffer).toBe(message.buffer);
  const shifted = Buffer.from(new ArrayBuffer(9), 1);
  shifted.writeFloatLE(2.5, 0);
  shifted.writeFloatLE(-1, 4);
  const { data } = toModelTensor(rawTensor('x', 'FP32', [2], shifted));
  expect(data).toEqual(new Float32Array([2.5, -1]));
  expect((data as Float32Array).buffer).not.toBe(shifted.buffer);
});

test('an output is sent from the memory it was computed in', () => {
  const all = new Float32Array([1, 2, 3, 4]);
  const { data } = toTensor('y', { datatype: 'FP32', shape: [2], data: all.subarray(2) });
  expect(data).toEqual({ $case: 'raw', value: new Uint8Array(new Float32Array([3, 4]).buffer) });
  expect(data?.$case === 'raw' && data.value.buffer).toBe(all.buffer);
});

test('every list becomes the array of its datatype', () => {
  const data = (datatype: Datatype, contents: Parameters<typeof listTensor>[3]) =>
    toModelTensor(listTensor('x', datatype, [2], contents)).data;
  const cases: [ModelTensorData, ModelTensorData][] = [
    [data('BOOL', { boolContents: [true, false] }), Uint8Array.of(1, 0)],
    [data('UINT8', { uintContents: [0, 255] }), Uint8Array.of(0, 255)],
    [data('INT16', { intContents: [-32_768, 1] }), Int16Array.of(-32_768, 1)],
    [data('UINT32', { uintContents: [4_294_967_295, 1] }), Uint32Array.of(4_294_967_295, 1)],
    [data('INT64', { int64Contents: [-(2n ** 63n), 1n] }), BigInt64Array.of(-(2n ** 63n), 1n)],
    [data('UINT64', { uint64Contents: [2n ** 64n - 1n, 1n] }), BigUint64Array.of(2n ** 64n - 1n, 1n)],
    [data('FP32', { fp32Contents: [0.5, -1] }), Float32Array.of(0.5, -1)],
    [data('FP64', { fp64Contents: [0.1, -1] }), Float64Array.of(0.1, -1)],
    [data('BYTES', { bytesContents: [text('a'), text('')] }), [text('a'), text('')]],
    [data('BYTES', { stringContents: ['Grüße', ''] }), [text('Grüße'), text('')]],
  ];
  for (const [found, expected] of cases) expect(found).toEqual(expected);
});

test('BOOL bytes other than 0 are true, and the message is left as it was', () => {
  const raw = Uint8Array.of(0, 1, 2);
  expect(toModelTensor(rawTensor('x', 'BOOL', [3], raw)).data).toEqual(Uint8Array.of(0, 1, 1));
  expect(toModelTensor(rawTensor('x', 'BOOL', [2], Uint8Array.of(255, 0))).data).toEqual(Uint8Array.of(1, 0));
  expect(raw).toEqual(Uint8Array.of(0, 1, 2));
});

test('BYTES come back as text where all of them are text', () => {
  const listed = (...elements: Uint8Array[]) => {
    const { data } = atOnce(toContents(rawTensor('x', 'BYTES', [elements.length], encodeBytes(elements)), limit));
    return TensorContents.decode(data?.value ?? new Uint8Array());
  };
  expect(listed(text('\ufeffGrüße'), text(''))).toMatchObject({ stringContents: ['\ufeffGrüße', ''], bytesContents: [] });
  expect(listed(text('a'), Uint8Array.of(0xff))).toMatchObject({ stringContents: [], bytesContents: [text('a'), Uint8Array.of(0xff)] });
  expect(listed()).toMatchObject({ stringContents: [], bytesContents: [] });
});

test('contents that are contents already stay the same', () => {
  const tensor = listTensor('x', 'FP32', [1], { fp32Contents: [1] });
  expect(atOnce(toContents(tensor, limit))).toBe(tensor);
});

test('outputs go back as contents where any input came so', () => {
  const [raw, listed] = [rawTensor('a', 'FP16', [1], 2), listTensor('b', 'FP32', [1], { fp32Contents: [1] })];
  expect([contentsUsed([]), contentsUsed([raw]), contentsUsed([listed]), contentsUsed([raw, listed])]).toEqual([false, false, true, true]);
});

test('decoded BYTES are plain views, never Buffers', () => {
  const message = Buffer.from([9, ...encodeBytes([text('ab'), text('')])]).subarray(1);
  const elements = decodeBytes(message);
  expect(elements).toEqual([text('ab'), text('')]);
  expect(elements[0]?.constructor).toBe(Uint8Array);
  expect(elements[0]?.buffer).toBe(message.buffer);
});

test('tensors that do not go together throw a sentence', () => {
  expect(() => toModelTensor(rawTensor('x', 'FLOAT', [1], 4))).toThrow('"FLOAT" is not a datatype');
  expect(() => toModelTensor({ name: 'x', datatype: 'FP32', shape: [1n], data: undefined })).toThrow('tensor "x" has no data');
  expect(() => toModelTensor(rawTensor('x', 'FP32', [3], 8))).toThrow('tensor "x" has 2 elements, which do not fit its shape [3]');
  // Within a larger message the next bytes would be read.
  expect(() => toModelTensor(rawTensor('x', 'FP32', [2], new Uint8Array(64).subarray(0, 5)))).toThrow(
    '5 bytes are not a whole number of FP32',
  );
  expect(() => toModelTensor(rawTensor('x', 'BYTES', [1], 3))).toThrow('BYTES are malformed');
  expect(() => toModelTensor(listTensor('x', 'FP16', [1], {}))).toThrow('FP16 cannot be sent as contents');
});

test("a handler's wrong output is told apart by what is wrong with it", () => {
  const give = (datatype: Datatype, shape: number[], data: ModelTensorData) => () => toTensor('y', { datatype, shape, data });
  expect(give('FP32', [1], new Float64Array(1))).toThrow('tensor "y" is FP32, so its data must be of type Float32Array');
  expect(give('BYTES', [1], text('a'))).toThrow('tensor "y" is BYTES, so its data must be of type Array');
  expect(give('FP32', [2, 2], new Float32Array(3))).toThrow('tensor "y" has 3 elements, which do not fit its shape [2, 2]');
  expect(give('FP32', [-1, -2], new Float32Array(2))).toThrow('do not fit');
  expect(give('FP32', [0.5, 2], new Float32Array(1))).toThrow('do not fit');
});
