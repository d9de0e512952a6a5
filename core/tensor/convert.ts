/** Between tensors as they travel and tensors as model code holds them. The host is little-endian, as raw is. */

import { shown } from '../names.ts';
import { decodeBytes, encodeBytes } from './bytes.ts';
import type { TypedArrayConstructor } from './datatypes.ts';
import { arrayTypes, contentsLists, emptyContents, isDatatype } from './datatypes.ts';
import { elementCount, shownShape } from './shape.ts';
import type { Datatype, ModelTensor, ModelTensorData, Tensor, TensorContents } from './tensor.ts';

/**
 * A tensor for model code: a view of `raw` where that is aligned, else a copy. Takes what `checkInputs` found right; throws
 * where datatype, shape and data do not go together.
 */
export function toModelTensor(tensor: Tensor): ModelTensor {
  const { datatype, data } = tensor;
  if (!isDatatype(datatype)) throw new Error(`"${shown(datatype)}" is not a datatype`);
  if (data === undefined) throw new Error(`tensor "${shown(tensor.name)}" has no data`);
  const model: ModelTensor = {
    datatype,
    shape: tensor.shape.map(Number),
    data: data.$case === 'raw' ? fromRaw(datatype, data.value) : fromContents(datatype, data.value),
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

/** The same tensor with its values in `raw`. */
export function toRaw(tensor: Tensor): Tensor {
  return tensor.data?.$case === 'contents' ? toTensor(tensor.name, toModelTensor(tensor)) : tensor;
}

/** The same tensor with its values in `contents`: text for BYTES that are all UTF-8. FP16 and BF16 stay raw. */
export function toContents(tensor: Tensor): Tensor {
  if (tensor.data?.$case !== 'raw') return tensor;
  const { datatype, data } = toModelTensor(tensor);
  const [list] = contentsLists[datatype];
  if (list === undefined) return tensor;
  const values = datatype === 'BOOL' ? Array.from(data as Uint8Array, Boolean) : Array.from(data as ArrayLike<unknown>);
  const texts = datatype === 'BYTES' ? decodeTexts(data as Uint8Array[]) : undefined;
  const value = { ...emptyContents(), ...(texts === undefined ? { [list]: values } : { stringContents: texts }) };
  return { ...tensor, data: { $case: 'contents', value } };
}

/** Whether a task gave its inputs as `contents`, which is then how it gets its outputs. */
export function contentsUsed(inputs: readonly Tensor[]): boolean {
  return inputs.some(({ data }) => data?.$case === 'contents');
}

/** BOOL as 0 and 1, which native code may count on. */
export function truthValues(bytes: Uint8Array): Uint8Array {
  return bytes.some((byte) => byte > 1) ? Uint8Array.from(bytes, (byte) => Math.min(byte, 1)) : bytes;
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

function fromContents(datatype: Datatype, contents: TensorContents): ModelTensorData {
  if (datatype === 'BYTES') {
    if (contents.bytesContents.length > 0) return contents.bytesContents;
    const encoder = new TextEncoder();
    return contents.stringContents.map((text) => encoder.encode(text));
  }
  const [list] = contentsLists[datatype];
  if (list === undefined) throw new Error(`${datatype} cannot be sent as contents`);
  const values: ArrayLike<unknown> = contents[list];
  const array = new arrayTypes[datatype](values.length);
  (array as { set(values: ArrayLike<unknown>): void }).set(values);
  return array;
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

/** The elements as text, or undefined where one is no UTF-8. */
function decodeTexts(elements: readonly Uint8Array[]): string[] | undefined {
  // A byte order mark is part of the text.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return elements.map((element) => decoder.decode(element));
  } catch {
    return undefined;
  }
}
