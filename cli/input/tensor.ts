/** A tensor for one input of a model, from JSON or from text. */

import { type Scalar, tensor } from '@inferq/client/tensor/build.ts';
import { fromNested } from '@inferq/client/tensor/nested.ts';
import type { Tensor } from '@inferq/client/tensor/tensor.ts';
import { type Failure, wrongUsage } from '../failure.ts';

/** What the model says of the input. A dimension of -1 is free. */
export interface InputSpec {
  name: string;
  datatype: string;
  shape: readonly number[];
  anyRank?: boolean;
}

/** Nested lists as a tensor; one missing leading dimension is added. Throws a Failure that names what does not fit. */
export function tensorFromJson(spec: InputSpec, value: unknown): Tensor {
  const { shape, values } = named(spec, () => fromNested(value));
  const full = !spec.anyRank && shape.length === spec.shape.length - 1 ? [1, ...shape] : shape;
  if (!spec.anyRank && full.length !== spec.shape.length) {
    throw wrongUsage(`Input "${spec.name}" has the shape ${shownShape(shape)}, but the model wants ${shownShape(spec.shape)}.`);
  }
  return named(spec, () => tensor.of(spec.datatype, full, wideNumbers(spec.datatype, values)));
}

/** One text for an input of one BYTES element. Throws a Failure where the input is something else. */
export function tensorFromText(spec: InputSpec, text: string): Tensor {
  const shape = spec.anyRank ? [1] : spec.shape.map((dimension) => (dimension === -1 ? 1 : dimension));
  if (spec.datatype !== 'BYTES' || shape.some((dimension) => dimension !== 1)) {
    throw wrongUsage(`--text is for models that take one text; "${spec.name}" is ${spec.datatype} ${shownShape(spec.shape)}: use --input.`);
  }
  return tensor.strings(shape, [text]);
}

const unwritable: readonly Scalar[] = ['NaN', 'Infinity', '-Infinity'];

/** A JSON number loses digits beyond 2^53, and none is NaN or infinite: those may be given as text, as in protobuf's JSON. */
function wideNumbers(datatype: string, values: Scalar[]): Scalar[] {
  if (/^(?:FP|BF)\d/.test(datatype)) return values.map((value) => (unwritable.includes(value) ? Number(value) : value));
  if (datatype !== 'INT64' && datatype !== 'UINT64') return values;
  return values.map((value) => (typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value));
}

function shownShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Says which input a mistake is in. */
function named<T>(spec: InputSpec, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw mistake(spec, error as Error);
  }
}

function mistake({ name }: InputSpec, error: Error): Failure {
  return wrongUsage(`Input "${name}": ${error.message}.`);
}
