/** From a task's stored input to tensors for model code, checked once more: its model may have changed since Submit. */

import { type Dictionary, orderedDictionary } from '@inferq/core/dictionary.ts';
import type { ModelSpec, ParameterValue } from '@inferq/core/model.ts';
import { checkParameters, fillParameters } from '@inferq/core/parameters.ts';
import { checkInputs } from '@inferq/core/tensor/check.ts';
import { toModelTensor } from '@inferq/core/tensor/convert.ts';
import type { Tensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { Tensors } from '../handler.ts';
import type { TaskInput } from '../payload.ts';
import { decodeInput } from '../payload.ts';
import { invalidInput } from './errors.ts';

export interface ReadTask {
  inputs: Tensors;
  rows: number;
  parameters: Dictionary<ParameterValue>;
}

/** Throws the submitter's mistake. */
export function readTask(spec: ModelSpec, bytes: Uint8Array): ReadTask {
  const { inputs, parameters } = decode(bytes);
  const check = checkInputs(spec.inputs, inputs, spec);
  const [violation] = [...check.violations, ...checkParameters(spec.parameters, parameters)];
  if (violation) throw invalidInput(`${violation.field}: ${violation.description}`);
  return {
    inputs: inOrder(spec.inputs, inputs),
    rows: check.rows,
    parameters: fillParameters(spec.parameters, parameters),
  };
}

function decode(bytes: Uint8Array): TaskInput {
  try {
    return decodeInput(bytes);
  } catch (error) {
    throw invalidInput(`the stored input cannot be read: ${(error as Error).message}`);
  }
}

/** The tensors that there are, as model code reads them, in the order in which the model declares them. */
function inOrder(specs: readonly TensorSpec[], tensors: readonly Tensor[]): Tensors {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return orderedDictionary(
    specs.flatMap(({ name }) => {
      const tensor = byName.get(name);
      return tensor ? [[name, toModelTensor(tensor)] as const] : [];
    }),
  );
}
