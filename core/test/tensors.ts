/** Builders of tensors for tests. */

import { TensorContents } from '../../proto/gen/inferq/v1/tensor.ts';
import type { Datatype, Tensor, TensorSpec } from '../tensor/tensor.ts';

export function spec(name: string, datatype: Datatype, shape: number[], optional = false): TensorSpec {
  return { name, datatype, shape, optional };
}

export function rawTensor(name: string, datatype: string, shape: number[], raw: number | Uint8Array): Tensor {
  const value = typeof raw === 'number' ? new Uint8Array(raw) : raw;
  return { name, datatype, shape: shape.map(BigInt), data: { $case: 'raw', value } };
}

export function listTensor(name: string, datatype: string, shape: number[], contents: Partial<TensorContents>): Tensor {
  return {
    name,
    datatype,
    shape: shape.map(BigInt),
    data: { $case: 'contents', value: TensorContents.encode(TensorContents.create(contents)).finish() },
  };
}
