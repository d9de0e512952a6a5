/**
 * Tensors as they travel, after the Open Inference Protocol: `raw` is little-endian and row-major, BYTES elements with a
 * 4-byte little-endian length before each; `contents` is an encoded TensorContents, which lists/ reads.
 */

export interface Tensor {
  name: string;
  datatype: string;
  shape: bigint[];
  data: { $case: 'raw' | 'contents'; value: Uint8Array } | undefined;
  /** What is in the data, where that was measured before. */
  facts?: DataFacts;
}

/** What must be counted in a tensor's data: BYTES and typed lists. */
export interface DataFacts {
  /** How many elements there are, by `raw` or the name of a list that has some. */
  elements: ReadonlyMap<string, number>;
  /** The first element of a typed list that the datatype cannot hold. */
  outOfRange?: { index: number; value: number };
  /** What is wrong with the bytes. */
  fault?: string;
}

/** What a model declares of a tensor. A dimension of -1 is free. */
export interface TensorSpec {
  name: string;
  datatype: Datatype;
  shape: number[];
  optional: boolean;
  /** It may have any number of dimensions of any size; then `shape` is empty. */
  anyRank?: boolean;
}

export const datatypes = [
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
] as const;
export type Datatype = (typeof datatypes)[number];

/** A tensor as model code holds it: a typed array in row-major order, or one Uint8Array for each element of BYTES. */
export interface ModelTensor {
  datatype: Datatype;
  shape: number[];
  data: ModelTensorData;
}

/** BOOL is Uint8Array (0 or 1), FP16 and BF16 are Uint16Array bit patterns. */
export type ModelTensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | Uint8Array[];
