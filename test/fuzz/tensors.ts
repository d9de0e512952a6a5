/** Tensors of every datatype, right and wrong. */

import { Tensor } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import fc, { type Arbitrary } from 'fast-check';
import { mostly, oddDouble, oddInt32, oddInt64, oddString } from './values.ts';

const datatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
];

function fp32(name: string, columns: number): Arbitrary<Tensor> {
  return fc.record({ rows: fc.integer({ min: 1, max: 3 }), asContents: fc.boolean(), fill: fc.float({ noNaN: true }) }).map((drawn) => {
    const values = new Array<number>(drawn.rows * columns).fill(drawn.fill);
    const shape = [BigInt(drawn.rows), BigInt(columns)];
    const raw = { $case: 'raw', value: new Uint8Array(new Float32Array(values).buffer) } as const;
    const contents = { $case: 'contents', value: { fp32Contents: values } } as const;
    return Tensor.fromPartial({ name, datatype: 'FP32', shape, data: drawn.asContents ? contents : raw });
  });
}

const uint32 = fc.nat({ max: 2 ** 31 - 1 }).map((half) => half * 2);
const few = { maxLength: 4 };
const oddContents = fc.record(
  {
    boolContents: fc.array(fc.boolean(), few),
    intContents: fc.array(oddInt32, few),
    int64Contents: fc.array(oddInt64, few),
    uintContents: fc.array(uint32, few),
    uint64Contents: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), few),
    fp32Contents: fc.array(fc.float(), few),
    fp64Contents: fc.array(oddDouble, few),
    bytesContents: fc.array(fc.uint8Array({ maxLength: 20 }), few),
    stringContents: fc.array(oddString, few),
  },
  { requiredKeys: [] },
);

const oddTensor = fc
  .record({
    name: fc.oneof(fc.constantFrom('x', 'image'), oddString),
    datatype: fc.oneof(fc.constantFrom(...datatypes), oddString),
    shape: fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 4n }), oddInt64), { maxLength: 5 }),
    data: fc.oneof(
      fc.constant(undefined),
      fc.uint8Array({ maxLength: 64 }).map((value) => ({ $case: 'raw' as const, value })),
      oddContents.map((value) => ({ $case: 'contents' as const, value })),
    ),
  })
  .map((partial) => Tensor.fromPartial(partial));

/** The inputs of a request to `model`. */
export function inputs(model: 'digits' | 'probe'): Arbitrary<Tensor[]> {
  const right = model === 'digits' ? fp32('image', 64) : fp32('x', 2);
  return mostly(fc.tuple(right) as Arbitrary<Tensor[]>, fc.array(fc.oneof(right, oddTensor), few), 8);
}
