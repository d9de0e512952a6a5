/** A model version as clients see it. */

import type { ParameterSpec as CoreParameterSpec, ParameterType, ParameterValue } from '@inferq/core/model.ts';
import type { TensorSpec as CoreTensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { Model, ParameterSpec, TensorSpec } from '@inferq/proto/gen/inferq/v1/model.ts';
import type { Parameter } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { ModelView } from '../../broker.ts';

/** What is told of a model that could never be loaded. */
const unread = {
  ...{ digest: '', kind: '', queue: '', description: '', maxBatchSize: 0, maxRows: 0 },
  ...{ inputs: [], outputs: [], parameters: [] },
};

/** The model with how many executors serve it, and which workers cannot. */
export function toModel({ name, version, spec, liveExecutors, failures }: ModelView): Model {
  const { digest, kind, inputs, outputs, parameters, queue, maxBatchSize, maxRows, description } = spec ?? unread;
  return {
    name,
    version,
    digest,
    kind,
    inputs: inputs.map(toTensorSpec),
    outputs: outputs.map(toTensorSpec),
    parameters: parameters.map(toParameterSpec),
    queue,
    maxBatchSize,
    maxRows,
    liveExecutors,
    description,
    loadFailures: failures.map(({ worker, reason }) => ({ worker, reason })),
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
