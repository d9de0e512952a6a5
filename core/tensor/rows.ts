/** Rows: dimension 0 of the tensors of a model with a batch dimension. Joining copies once; slicing and splitting share memory. */

import type { TypedArray } from './datatypes.ts';
import { arrayTypes } from './datatypes.ts';
import { elementCount, shownShape } from './shape.ts';
import type { ModelTensor, ModelTensorData } from './tensor.ts';

/** All rows in one new tensor (a lone tensor is returned as it is). Throws where datatypes or the other dimensions differ. */
export function joinRows(tensors: readonly ModelTensor[]): ModelTensor {
  const [first] = tensors;
  if (first === undefined) throw new Error('there are no tensors to join');
  for (const { datatype, shape } of tensors) {
    if (datatype !== first.datatype || shape.length === 0 || shape.slice(1).join() !== first.shape.slice(1).join()) {
      throw new Error(`rows of ${datatype} ${shownShape(shape)} and ${first.datatype} ${shownShape(first.shape)} cannot be joined`);
    }
  }
  if (tensors.length === 1) return first;
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return { datatype: first.datatype, shape: [rows, ...first.shape.slice(1)], data: joinData(tensors, first) };
}

/** Rows `from` to before `to`, sharing memory with `tensor`. Throws where it has no such rows. */
export function sliceRows(tensor: ModelTensor, from: number, to: number): ModelTensor {
  const [rows, ...rest] = tensor.shape;
  if (rows === undefined || from < 0 || from > to || to > rows) {
    throw new Error(`${tensor.datatype} ${shownShape(tensor.shape)} has no rows ${from} to ${to}`);
  }
  const width = elementCount(rest);
  const { data } = tensor;
  const part = Array.isArray(data) ? data.slice(from * width, to * width) : data.subarray(from * width, to * width);
  return { datatype: tensor.datatype, shape: [to - from, ...rest], data: part };
}

/**
 * Consecutive parts of `rowCounts` rows each, sharing memory with `tensor`: whoever transfers the buffer of one part to another
 * thread takes it from all of them. Throws where the counts do not add up to the tensor's rows.
 */
export function splitRows(tensor: ModelTensor, rowCounts: readonly number[]): ModelTensor[] {
  const rows = rowCounts.reduce((sum, count) => sum + count, 0);
  if (tensor.shape[0] !== rows) throw new Error(`${tensor.datatype} ${shownShape(tensor.shape)} should have ${rows} rows`);
  let from = 0;
  return rowCounts.map((count) => {
    from += count;
    return sliceRows(tensor, from - count, from);
  });
}

function joinData(tensors: readonly ModelTensor[], { datatype }: ModelTensor): ModelTensorData {
  if (datatype === 'BYTES') return tensors.flatMap(({ data }) => data as Uint8Array[]);
  const joined = new arrayTypes[datatype](tensors.reduce((length, { data }) => length + data.length, 0));
  let at = 0;
  for (const { data } of tensors) {
    (joined as { set(values: TypedArray, offset: number): void }).set(data as TypedArray, at);
    at += data.length;
  }
  return joined;
}
