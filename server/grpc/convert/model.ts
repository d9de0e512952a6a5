/** A model version as clients see it. */

import type { ParameterSpec as CoreParameterSpec, ParameterType, ParameterValue } from '@inferq/core/model.ts';
import type { TensorSpec as CoreTensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { Model, ParameterSpec, TensorSpec } from '@inferq/proto/gen/inferq/v1/model.ts';
import type { Parameter } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { ModelView } from '../../broker.ts';

/** The model with how many executors serve it. */
export function toModel({ spec, liveExecutors }: ModelView): Model {
  const { name, version, digest, kind, queue, maxBatchSize, maxRows, description } = spec;
  return {
    name,
    version,
    digest,
    kind,
    inputs: spec.inputs.map(toTensorSpec),
    outputs: spec.outputs.map(toTensorSpec),
    parameters: spec.parameters.map(toParameterSpec),
    queue,
    maxBatchSize,
    maxRows,
    liveExecutors,
    description,
  };
}

function toTensorSpec({ name, datatype, shape, optional, anyRank = false }: CoreTensorSpec): TensorSpec {
  return { name, datatype, shape: shape.map(BigInt), optional, anyRank };
}

function toParameterSpec({ name, type, description, default: value, min, max, enum: choices = [] }: CoreParameterSpec): ParameterSpec {
  return {
    name,
    description,
    defaultValue: toParameter(type, value),
    minValue: min === undefined ? undefined : toParameter(type, min),
    maxValue: max === undefined ? undefined : toParameter(type, max),
    allowedValues: choices.map((choice) => toParameter(type, choice)),
  };
}

function toParameter(type: ParameterType, value: ParameterValue): Parameter {
  switch (type) {
    case 'bool':
      return { value: { $case: 'boolParam', value: value === true } };
    case 'int64':
      return { value: { $case: 'int64Param', value: BigInt(value) } };
    case 'string':
      return { value: { $case: 'stringParam', value: String(value) } };
    case 'double':
      return { value: { $case: 'doubleParam', value: Number(value) } };
  }
}
