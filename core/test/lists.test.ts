import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TensorContents } from '../../proto/gen/inferq/v1/tensor.ts';
import { atOnce } from '../slices.ts';
import type { FixedDatatype } from '../tensor/datatypes.ts';
import { contentsLists } from '../tensor/datatypes.ts';
import { measureLists } from '../tensor/lists/measure.ts';
import { unpackNumbers, unpackTexts } from '../tensor/lists/unpack.ts';

const few = { maxLength: 20 };
const lists = fc.record({
  boolContents: fc.array(fc.boolean(), few),
  intContents: fc.array(fc.integer(), few),
  int64Contents: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), few),
  uintContents: fc.array(fc.nat(2 ** 32 - 1), few),
  uint64Contents: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), few),
  fp32Contents: fc.array(fc.float(), few),
  fp64Contents: fc.array(fc.double(), few),
  bytesContents: fc.array(fc.uint8Array(few), few),
  stringContents: fc.array(fc.string({ unit: 'binary' }), few),
});

function measure(bytes: Uint8Array) {
  return atOnce(measureLists(bytes, undefined));
}

/** Every packed list of numbers written element by element instead, as old encoders do. */
function unpacked(message: TensorContents): Uint8Array {
  const single = (one: Partial<TensorContents>, tag: number) => {
    // What is packed is the element alone, behind two bytes.
    const [, , ...element] = TensorContents.encode(TensorContents.create(one)).finish();
    return Uint8Array.from([tag, ...element]);
  };
  return Buffer.concat([
    ...message.boolContents.map((value) => single({ boolContents: [value] }, (1 << 3) | 0)),
    ...message.intContents.map((value) => single({ intContents: [value] }, (2 << 3) | 0)),
    ...message.int64Contents.map((value) => single({ int64Contents: [value] }, (3 << 3) | 0)),
    ...message.uintContents.map((value) => single({ uintContents: [value] }, (4 << 3) | 0)),
    ...message.uint64Contents.map((value) => single({ uint64Contents: [value] }, (5 << 3) | 0)),
    ...message.fp32Contents.map((value) => single({ fp32Contents: [value] }, (6 << 3) | 5)),
    ...message.fp64Contents.map((value) => single({ fp64Contents: [value] }, (7 << 3) | 1)),
    TensorContents.encode(TensorContents.create({ bytesContents: message.bytesContents, stringContents: message.stringContents })).finish(),
  ]);
}

test('lists are counted and read as generated code reads them, packed or not', () => {
  fc.assert(
    fc.property(lists, (message) => {
      for (const bytes of [TensorContents.encode(message).finish(), unpacked(message)]) {
        const { elements, fault } = measure(bytes);
        expect(fault).toBeUndefined();
        const counted = Object.entries(message).filter(([, list]) => list.length > 0);
        expect(elements).toEqual(new Map(counted.map(([name, list]) => [name.replace('Contents', '_contents'), list.length])));
        const numbers = (datatype: FixedDatatype) => {
          const count = elements.get(contentsLists[datatype][0] ?? '') ?? 0;
          return Array.from<unknown>(atOnce(unpackNumbers(bytes, datatype, count)));
        };
        expect(numbers('BOOL')).toEqual(message.boolContents.map(Number));
        expect(numbers('INT32')).toEqual(message.intContents);
        expect(numbers('INT64')).toEqual(message.int64Contents);
        expect(numbers('UINT32')).toEqual(message.uintContents);
        expect(numbers('UINT64')).toEqual(message.uint64Contents);
        expect(numbers('FP32')).toEqual(message.fp32Contents);
        expect(numbers('FP64')).toEqual(message.fp64Contents);
        const texts = message.stringContents.map((text) => new TextEncoder().encode(text));
        expect(unpackTexts(bytes).map((one) => Buffer.from(one))).toEqual(
          [...message.bytesContents, ...texts].map((one) => Buffer.from(one)),
        );
      }
    }),
  );
});

test('any bytes are lists or are not, and take no longer than they are long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { elements, fault } = measure(bytes);
      const count = [...elements.values()].reduce((sum, one) => sum + one, 0);
      expect(count).toBeLessThanOrEqual(bytes.length);
      if (fault !== undefined) expect(elements.size).toBe(0);
    }),
  );
});

test.each([
  ['a length beyond the end', [0x1a, 5, 1]],
  ['a varint that ends early', [0x1a, 1, 0x80]],
  ['a varint of eleven bytes', [0x1a, 11, ...new Array(10).fill(0x80), 1]],
  ['half a float', [0x32, 2, 0, 0]],
  ['a group', [0x0b]],
])('%s is not a message of lists', (_what, bytes) => {
  expect(measure(Uint8Array.from(bytes)).fault).toBe('is not a TensorContents message');
});

test('lists of other wire types, and fields that are not known, are passed over', () => {
  // A float as varint, an int as a fixed number, a field 15.
  expect(measure(Uint8Array.from([0x30, 1, 0x15, 0, 0, 0, 0, 0x7a, 2, 1, 1]))).toEqual({ elements: new Map() });
});

test('millions of elements are counted in slices', () => {
  const lists = new Uint8Array(1_000_004);
  lists.set([0x0a, 0xc0, 0x84, 0x3d]);
  const work = measureLists(lists, 'BOOL');
  let slices = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) slices += 1;
  expect(slices).toBeGreaterThan(10);
  expect(step.value.elements).toEqual(new Map([['bool_contents', 1_000_000]]));
});
