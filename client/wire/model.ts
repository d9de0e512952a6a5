/** Models as programs read them. */

import { Model as WireModel } from '../../proto/gen/inferq/v1/model.ts';
import type { Datatype } from '../tensor/tensor.ts';
import type { ParameterValue } from './request.ts';

export interface TensorSpec {
  name: string;
  datatype: Datatype;
  /** -1 is a free dimension. */
  shape: number[];
  optional: boolean;
  /** It may have any number of dimensions of any size; then `shape` is empty. */
  anyRank: boolean;
}

export interface ParameterSpec {
  name: string;
  /** An int64 is a bigint. */
  defaultValue: ParameterValue | undefined;
  description: string;
  /** The bounds within which Submit accepts it; undefined where there are none. */
  minValue: ParameterValue | undefined;
  maxValue: ParameterValue | undefined;
  /** Unless it is empty: the only values that Submit accepts. */
  allowedValues: ParameterValue[];
}

export interface Model {
  name: string;
  version: string;
  /** For people. */
  description: string;
  digest: string;
  /** `onnx` or `handler`. */
  kind: string;
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  parameters: ParameterSpec[];
  queue: string;
  /** Rows in one run; 0: the model has no batch dimension. */
  maxBatchSize: number;
  maxRows: number;
  liveExecutors: number;
  /** Live workers that could not load it, and why. */
  loadFailures: { worker: string; reason: string }[];
  /** The message in protobuf's JSON form. */
  toJSON(): unknown;
}

/** The readable form of a message. */
export function modelOf(raw: WireModel): Model {
  return {
    ...raw,
    inputs: raw.inputs.map(specOf),
    outputs: raw.outputs.map(specOf),
    parameters: raw.parameters.map(({ name, description, defaultValue, minValue, maxValue, allowedValues }) => ({
      name,
      description,
      defaultValue: defaultValue?.value?.value,
      minValue: minValue?.value?.value,
      maxValue: maxValue?.value?.value,
      allowedValues: allowedValues.flatMap(({ value }) => (value ? [value.value] : [])),
    })),
    toJSON: () => WireModel.toJSON(raw),
  };
}

function specOf({ name, datatype, shape, optional, anyRank }: WireModel['inputs'][number]): TensorSpec {
  return { name, datatype: datatype as Datatype, shape: shape.map(Number), optional, anyRank };
}
