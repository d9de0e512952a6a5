/** Tensors from the wire, in either form. */

import type { TensorContents, Tensor as WireTensor } from '../../proto/gen/inferq/v1/tensor.ts';
import { InferqError } from '../errors.ts';
import { type Dictionary, orderedDictionary } from '../wire/dictionary.ts';
import { fromBfloat16, fromFloat16 } from './half.ts';
import { holders, isNumeric, type NumericDatatype, type Tensor, type TensorData, type TypedArray } from './tensor.ts';

/** Tensors by name, in the model's order. Texts of `contents` are strings; elements of raw BYTES stay bytes. Throws InferqError for what is no tensor. */
export function decodeTensors(tensors: readonly WireTensor[]): Dictionary<Tensor> {
  return orderedDictionary(tensors.map((tensor) => [tensor.name, decodeTensor(tensor)]));
}

function decodeTensor({ name, datatype, shape, data }: WireTensor): Tensor {
  if (datatype !== 'BYTES' && !isNumeric(datatype)) throw unreadable(name, `datatype ${datatype}`);
  return { datatype, shape: shape.map(Number), data: dataOf(name, datatype, data) };
}

function dataOf(name: string, datatype: NumericDatatype | 'BYTES', data: WireTensor['data']): TensorData {
  switch (data?.$case) {
    case 'raw':
      return datatype === 'BYTES' ? split(name, data.value) : fromRaw(name, datatype, data.value);
    case 'contents':
      return fromContents(datatype, data.value);
    default:
      return datatype === 'BYTES' ? [] : new holders[datatype](0);
  }
}

function fromRaw(name: string, datatype: NumericDatatype, raw: Uint8Array): TypedArray {
  if (datatype === 'FP16') return Float32Array.from(view(name, Uint16Array, raw) as Uint16Array, fromFloat16);
  if (datatype === 'BF16') return Float32Array.from(view(name, Uint16Array, raw) as Uint16Array, fromBfloat16);
  return view(name, holders[datatype], raw);
}

interface Holder {
  BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
}

/** A view where the bytes lie aligned, else a copy. */
function view(name: string, Holder: Holder, raw: Uint8Array): TypedArray {
  const size = Holder.BYTES_PER_ELEMENT;
  if (raw.byteLength % size !== 0) throw unreadable(name, `${raw.byteLength} bytes for elements of ${size}`);
  const bytes = raw.byteOffset % size === 0 ? raw : new Uint8Array(raw);
  return new Holder(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
}

function split(name: string, raw: Uint8Array): Uint8Array[] {
  const lengths = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const elements: Uint8Array[] = [];
  for (let offset = 0; offset < raw.byteLength; ) {
    const start = offset + 4;
    const end = start <= raw.byteLength ? start + lengths.getUint32(offset, true) : Number.POSITIVE_INFINITY;
    if (end > raw.byteLength) throw unreadable(name, 'an element that is cut short');
    elements.push(raw.subarray(start, end));
    offset = end;
  }
  return elements;
}

function fromContents(datatype: NumericDatatype | 'BYTES', contents: TensorContents): TensorData {
  switch (datatype) {
    case 'BYTES':
      return contents.stringContents.length > 0 ? contents.stringContents : contents.bytesContents;
    case 'BOOL':
      return Uint8Array.from(contents.boolContents, Number);
    case 'INT64':
      return BigInt64Array.from(contents.int64Contents);
    case 'UINT64':
      return BigUint64Array.from(contents.uint64Contents);
    case 'FP32':
    case 'FP16':
    case 'BF16':
      return Float32Array.from(contents.fp32Contents);
    case 'FP64':
      return Float64Array.from(contents.fp64Contents);
    default:
      return holders[datatype].from(datatype.startsWith('U') ? contents.uintContents : contents.intContents);
  }
}

function unreadable(name: string, why: string): InferqError {
  return new InferqError(`the server sent a tensor "${name}" that cannot be read: ${why}`, { code: 'INTERNAL' });
}
