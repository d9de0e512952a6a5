/** How each datatype is laid out: its typed array, and the list of `contents` that carries it. */

import type { Datatype, ModelTensorData } from './tensor.ts';
import { datatypes } from './tensor.ts';

/** Every datatype but BYTES, whose elements have no fixed size. */
export type FixedDatatype = Exclude<Datatype, 'BYTES'>;
/** The lists of `contents`, as the protocol names them. */
export type ListName =
  | 'bool_contents'
  | 'int_contents'
  | 'int64_contents'
  | 'uint_contents'
  | 'uint64_contents'
  | 'fp32_contents'
  | 'fp64_contents'
  | 'bytes_contents'
  | 'string_contents';
export type TypedArray = Exclude<ModelTensorData, Uint8Array[]>;

export interface TypedArrayConstructor {
  readonly name: string;
  /** The size of one element. */
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

export const arrayTypes: Record<FixedDatatype, TypedArrayConstructor> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** The lists that may carry a datatype, the usual one first. None: it travels as raw only. */
export const contentsLists: Record<Datatype, readonly ListName[]> = {
  BOOL: ['bool_contents'],
  UINT8: ['uint_contents'],
  UINT16: ['uint_contents'],
  UINT32: ['uint_contents'],
  UINT64: ['uint64_contents'],
  INT8: ['int_contents'],
  INT16: ['int_contents'],
  INT32: ['int_contents'],
  INT64: ['int64_contents'],
  FP16: [],
  BF16: [],
  FP32: ['fp32_contents'],
  FP64: ['fp64_contents'],
  BYTES: ['bytes_contents', 'string_contents'],
};

/** The values of datatypes that are narrower than the list which carries them. */
export const ranges: Partial<Record<Datatype, { min: number; max: number }>> = {
  UINT8: { min: 0, max: 255 },
  UINT16: { min: 0, max: 65_535 },
  INT8: { min: -128, max: 127 },
  INT16: { min: -32_768, max: 32_767 },
};

/** Whether `text` names a datatype. */
export function isDatatype(text: string): text is Datatype {
  return (datatypes as readonly string[]).includes(text);
}

/** Bytes of one element in `raw`; undefined for BYTES. */
export function elementSize(datatype: Datatype): number | undefined {
  return datatype === 'BYTES' ? undefined : arrayTypes[datatype].BYTES_PER_ELEMENT;
}
