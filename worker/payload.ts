/** Payloads as they lie in Redis: what a task brings, and what an attempt produced. */

import { limits } from '@inferq/core/limits.ts';
import type { GivenParameters } from '@inferq/core/parameters.ts';
import type { Classification } from '@inferq/core/postprocess.ts';
import { toTensor } from '@inferq/core/tensor/convert.ts';
import type { Tensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { StoredInput, StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { Tensors } from './handler.ts';

export interface TaskInput {
  inputs: Tensor[];
  parameters: GivenParameters;
}

/** Tensors share memory with `bytes`. Throws where the bytes are no StoredInput. */
export function decodeInput(bytes: Uint8Array): TaskInput {
  const { inputs, parameters } = StoredInput.decode(bytes);
  return { inputs, parameters: new Map([...parameters].map(([name, { value }]) => [name, value])) };
}

/**
 * The outputs that there are, in the model's own order, as bytes in memory of their own. Undefined where they are larger than a task
 * may have.
 */
export function encodeOutput(
  specs: readonly TensorSpec[],
  outputs: Tensors,
  classifications: readonly Classification[][] = [],
): Uint8Array | undefined {
  const tensors = specs.flatMap(({ name }) => {
    const tensor = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
    return tensor ? [toTensor(name, tensor)] : [];
  });
  const size = tensors.reduce((sum, { data }) => sum + (data?.$case === 'raw' ? data.value.byteLength : 0), 0);
  // Looked at before encoding too, so that no oversized copy is made.
  if (size > limits.outputBytes) return undefined;
  const bytes = StoredOutput.encode({ outputs: tensors, classifications: classifications.map((classes) => ({ classes })) }).finish();
  return bytes.byteLength > limits.outputBytes ? undefined : bytes;
}
