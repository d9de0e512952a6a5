/** Builders of tensors: `tensor.fp32([1, 64], values)`. All throw InvalidRequestError with a sentence where the values do not fit. */

import { invalid } from '../errors.ts';
import {
  type Datatype,
  elementCount,
  holders,
  isNumeric,
  type NumericDatatype,
  type Tensor,
  type TensorData,
  type TypedArray,
} from './tensor.ts';

/** One element as people write it. */
export type Scalar = number | bigint | boolean | string | Uint8Array;

/** A tensor of a datatype known by name only, such as one of a model's declared inputs. */
function of(datatype: string, shape: readonly number[], values: TypedArray | readonly Scalar[]): Tensor {
  const expected = elementCount(shape);
  if (values.length !== expected) {
    throw invalid('shape', `[${shape.join(', ')}] holds ${expected} elements, but ${values.length} were given`);
  }
  if (datatype === 'BYTES') return { datatype, shape: [...shape], data: bytesData(values) };
  if (!isNumeric(datatype)) throw invalid('datatype', `there is no datatype ${datatype}; use one of ${known}`);
  return { datatype, shape: [...shape], data: numericData(datatype, values) };
}

const known = [...Object.keys(holders), 'BYTES'].join(', ');

function numeric(datatype: NumericDatatype) {
  return (shape: readonly number[], values: TypedArray | readonly (number | bigint | boolean)[]) => of(datatype, shape, values);
}

/**
 * A typed array of the datatype's own kind is taken as it is, without a copy: leave it alone until the call has ended. Other
 * numbers are converted, and refused where they do not fit.
 */
export const tensor = {
  of,
  bool: numeric('BOOL'),
  uint8: numeric('UINT8'),
  uint16: numeric('UINT16'),
  uint32: numeric('UINT32'),
  uint64: numeric('UINT64'),
  int8: numeric('INT8'),
  int16: numeric('INT16'),
  int32: numeric('INT32'),
  int64: numeric('INT64'),
  fp16: numeric('FP16'),
  bf16: numeric('BF16'),
  fp32: numeric('FP32'),
  fp64: numeric('FP64'),
  bytes: (shape: readonly number[], values: readonly Uint8Array[]) => of('BYTES', shape, values),
  strings: (shape: readonly number[], values: readonly string[]) => of('BYTES', shape, values),
};

function bytesData(values: TypedArray | readonly Scalar[]): TensorData {
  if (Array.isArray(values)) {
    if (values.every((value) => typeof value === 'string')) return wellFormed(values);
    if (values.every((value) => value instanceof Uint8Array)) return [...values];
  }
  throw invalid('data', 'elements of BYTES must be all strings or all byte arrays');
}

/** What is sent of half a surrogate pair would be another character. */
function wellFormed(texts: readonly string[]): string[] {
  const index = texts.findIndex((text) => !text.isWellFormed());
  if (index >= 0) throw invalid('data', `element ${index} has half a surrogate pair, which UTF-8 cannot carry`);
  return [...texts];
}

function numericData(datatype: NumericDatatype, values: TypedArray | readonly Scalar[]): TypedArray {
  const Holder = holders[datatype];
  if (values instanceof Holder && datatype !== 'BOOL') return values;
  const data = new Holder(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as Scalar;
    const element = typeof value === 'boolean' ? Number(value) : value;
    if (typeof element !== 'number' && typeof element !== 'bigint') throw unfit(datatype, index, value);
    data[index] = data instanceof BigInt64Array || data instanceof BigUint64Array ? toBigint(datatype, index, element) : Number(element);
    if (!fits(datatype, data[index] as number | bigint, element)) throw unfit(datatype, index, value);
  }
  return data;
}

/** Whole datatypes hold exactly what was given; floats round it. */
function fits(datatype: Datatype, held: number | bigint, given: number | bigint): boolean {
  if (datatype === 'BOOL') return held === 0 || held === 1;
  // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1 is what is asked
  return datatype.startsWith('FP') || datatype === 'BF16' || held == given;
}

function toBigint(datatype: Datatype, index: number, value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw unfit(datatype, index, value);
  return BigInt(value);
}

function unfit(datatype: Datatype, index: number, value: Scalar): Error {
  return invalid('data', `element ${index} is ${String(value).slice(0, 32)}, which ${datatype} cannot hold`);
}
