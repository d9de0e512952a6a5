/** Tensors as programs hold them. What a task puts out has the same form as what goes in. */

import { invalid } from '../errors.ts';

export interface Tensor {
  datatype: Datatype;
  shape: number[];
  /** Row-major. BOOL is 0 or 1; FP16 and BF16 are held as Float32Array; BYTES as texts or byte arrays. */
  data: TensorData;
}

export type TypedArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export type TensorData = TypedArray | string[] | Uint8Array[];

/** How the elements of each datatype are held. */
export const holders = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float32Array,
  BF16: Float32Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Record<NumericDatatype, unknown>;

/** Datatypes whose elements have a fixed size. */
export type NumericDatatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64';
export type Datatype = NumericDatatype | 'BYTES';

/** Whether the name is a datatype of fixed-size elements. */
export function isNumeric(datatype: string): datatype is NumericDatatype {
  return Object.hasOwn(holders, datatype);
}

/** How many elements a shape holds. Throws InvalidRequestError where a dimension is no count. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw invalid('shape', `dimensions must be whole numbers of at least 0, not ${size}`);
    count *= size;
  }
  return count;
}

/** The elements of a BYTES tensor as texts. */
export function texts(tensor: Tensor): string[] {
  if (tensor.datatype !== 'BYTES') throw new TypeError(`a tensor of ${tensor.datatype} does not hold text`);
  return (tensor.data as (string | Uint8Array)[]).map((element) =>
    typeof element === 'string' ? element : Buffer.from(element).toString(),
  );
}
