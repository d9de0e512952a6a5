/** Between tensors as they travel and tensors as model code holds them. The host is little-endian, as raw is. */

import { shown } from '../names.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { decodeBytes, encodeBytes } from './bytes.ts';
import type { TypedArrayConstructor } from './datatypes.ts';
import { arrayTypes, isDatatype } from './datatypes.ts';
import { packLists } from './lists/pack.ts';
import { rawTexts, unpackNumbers, unpackTexts } from './lists/unpack.ts';
import { elementCount, shownShape } from './shape.ts';
import type { Datatype, ModelTensor, ModelTensorData, Tensor } from './tensor.ts';

/**
 * A tensor for model code: a view of `raw` where that is aligned, else a copy. Takes what `checkInputs` found right; throws
 * where datatype, shape and data do not go together.
 */
export function toModelTensor(tensor: Tensor): ModelTensor {
  const { datatype, data } = tensor;
  if (!isDatatype(datatype)) throw new Error(`"${shown(datatype)}" is not a datatype`);
  if (data === undefined) throw new Error(`tensor "${shown(tensor.name)}" has no data`);
  const shape = tensor.shape.map(Number);
  const model: ModelTensor = {
    datatype,
    shape,
    data: data.$case === 'raw' ? fromRaw(datatype, data.value) : fromLists(datatype, data.value, elementCount(shape)),
  };
  requireFit(tensor.name, model);
  return model;
}

/** A model's tensor as raw: a view of its memory, or for BYTES a copy. Throws where datatype, shape and data do not go together. */
export function toTensor(name: string, tensor: ModelTensor): Tensor {
  requireFit(name, tensor);
  const { datatype, shape } = tensor;
  const data = datatype === 'BOOL' ? truthValues(tensor.data as Uint8Array) : tensor.data;
  const raw = Array.isArray(data) ? encodeBytes(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, datatype, shape: shape.map(BigInt), data: { $case: 'raw', value: raw } };
}

/** The same tensor with its values in `raw`. Takes what `checkInputs` found right. */
export function* toRaw(tensor: Tensor): Sliced<Tensor> {
  const { datatype, shape, data } = tensor;
  if (data?.$case !== 'contents' || !isDatatype(datatype)) return tensor;
  if (datatype === 'BYTES') return { ...tensor, data: { $case: 'raw', value: yield* rawTexts(data.value) } };
  const { buffer } = yield* unpackNumbers(data.value, datatype, elementCount(shape.map(Number)));
  return { ...tensor, data: { $case: 'raw', value: new Uint8Array(buffer) } };
}

/**
 * The same tensor with its values in `contents`: text for BYTES that are all UTF-8. It stays raw where it is FP16 or BF16, and where
 * the lists would have more than `mostBytes`.
 */
export function* toContents(tensor: Tensor, mostBytes: number): Sliced<Tensor> {
  const { datatype, data } = tensor;
  if (data?.$case !== 'raw' || !isDatatype(datatype)) return tensor;
  const lists = yield* packLists(datatype, data.value, mostBytes);
  return lists === undefined ? tensor : { ...tensor, data: { $case: 'contents', value: lists } };
}

/** Whether a task gave its inputs as `contents`, which is then how it gets its outputs. */
export function contentsUsed(inputs: readonly Tensor[]): boolean {
  return inputs.some(({ data }) => data?.$case === 'contents');
}

/** BOOL as 0 and 1, which native code may count on. */
export function truthValues(bytes: Uint8Array): Uint8Array {
  return bytes.some((byte) => byte > 1) ? Uint8Array.from(bytes, (byte) => Math.min(byte, 1)) : bytes;
}

function fromLists(datatype: Datatype, lists: Uint8Array, elements: number): ModelTensorData {
  return datatype === 'BYTES' ? unpackTexts(lists) : atOnce(unpackNumbers(lists, datatype, elements));
}

function fromRaw(datatype: Datatype, raw: Uint8Array): ModelTensorData {
  if (datatype === 'BYTES') return decodeBytes(raw);
  const ArrayType: TypedArrayConstructor = arrayTypes[datatype];
  const size = ArrayType.BYTES_PER_ELEMENT;
  if (raw.byteLength % size !== 0) throw new Error(`${raw.byteLength} bytes are not a whole number of ${datatype} elements`);
  // At run time `raw` may be a Buffer, whose slice() shares memory: only this constructor copies.
  const aligned = raw.byteOffset % size === 0 ? raw : new Uint8Array(raw);
  const data = new ArrayType(aligned.buffer, aligned.byteOffset, raw.byteLength / size);
  return datatype === 'BOOL' ? truthValues(data as Uint8Array) : data;
}

/** Throws where a tensor's data is not of its datatype's kind, or does not fill its shape. */
export function requireFit(name: string, { datatype, shape, data }: ModelTensor): void {
  const label = `tensor "${shown(name)}"`;
  const wanted = datatype === 'BYTES' ? Array : arrayTypes[datatype];
  if (!(data instanceof wanted)) throw new Error(`${label} is ${datatype}, so its data must be of type ${wanted.name}`);
  const elements = elementCount(shape);
  if (!shape.every((dimension) => Number.isInteger(dimension) && dimension >= 0) || data.length !== elements) {
    throw new Error(`${label} has ${data.length} elements, which do not fit its shape ${shownShape(shape)}`);
  }
}
