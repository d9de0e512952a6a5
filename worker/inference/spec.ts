/** What a loaded model version announces. */

import type { ModelSpec, ParameterSpec } from '@inferq/core/model.ts';
import { shownShape } from '@inferq/core/tensor/shape.ts';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { ModelVersion } from '../repository/repository.ts';
import type { Settings } from '../repository/settings.ts';

interface Signature {
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
}

/** `signature` is what the ONNX file says, or what a handler's settings declare. */
export function specOf({ name, version, settings }: ModelVersion, digest: string, { inputs, outputs }: Signature): ModelSpec {
  const { retry, soft_time_limit: softLimitMs } = settings;
  return {
    name,
    version,
    digest,
    kind: settings.handler === undefined ? 'onnx' : 'handler',
    description: settings.description,
    inputs: givenInputs(settings, inputs),
    outputs: [...outputs],
    parameters: Object.entries(settings.parameters).map(([parameter, rest]): ParameterSpec => ({ name: parameter, ...rest })),
    queue: settings.queue,
    maxBatchSize: settings.max_batch_size,
    maxRows: settings.max_rows,
    retry: { maxAttempts: retry.max_attempts, delayMs: retry.delay, factor: retry.factor, maxDelayMs: retry.max_delay },
    ...(softLimitMs === undefined ? {} : { softLimitMs }),
    hardLimitMs: settings.hard_time_limit,
    resultTtlMs: settings.result_ttl,
    ignoreResult: settings.ignore_result,
    keepInput: settings.keep_input,
  };
}

/**
 * The inputs that tasks may give. With batches, dimension 0 of each counts rows: an initializer without it keeps its default, which all tasks
 * of a batch share.
 */
function givenInputs({ handler, max_batch_size: maxBatchSize }: Settings, inputs: readonly TensorSpec[]): TensorSpec[] {
  return inputs.filter((input) => handler !== undefined || maxBatchSize === 0 || !input.optional || !hasNoRows(input));
}

function hasNoRows({ shape, anyRank }: TensorSpec): boolean {
  return !anyRank && shape[0] !== -1;
}

/** What the settings of a plain ONNX model ask for that its file does not have, if anything. */
export function onnxFault(settings: Settings, { inputs, outputs }: Signature): string | undefined {
  const fixed = settings.max_batch_size > 0 ? [...inputs.filter(({ optional }) => !optional), ...outputs].find(hasNoRows) : undefined;
  if (fixed) {
    return (
      `max_batch_size is ${settings.max_batch_size}, but dimension 0 of "${fixed.name}" (${shownShape(fixed.shape)}) is not free: ` +
      'export the model with a dynamic batch dimension, or leave max_batch_size at 0'
    );
  }
  return postprocessFault(settings, outputs);
}

/** What is wrong with the output that postprocess names, if anything. */
export function postprocessFault({ postprocess, labels }: Settings, outputs: readonly TensorSpec[]): string | undefined {
  if (!postprocess) return undefined;
  const output = outputs.find(({ name }) => name === postprocess.output);
  if (!output) return `postprocess names output "${postprocess.output}"; the model has ${outputs.map(({ name }) => name).join(', ')}`;
  const { datatype, shape, anyRank } = output;
  const rows = anyRank || shape.length === 1 || shape.length === 2;
  if ((datatype !== 'FP32' && datatype !== 'FP64') || !rows) {
    return `postprocess needs scores in rows of FP32 or FP64, but output "${output.name}" is ${datatype} ${shownShape(shape)}`;
  }
  const columns = shape.at(-1) ?? -1;
  if (!labels || columns === -1 || labels.length === columns) return undefined;
  return `there are ${labels.length} labels for the ${columns} classes of output "${output.name}"`;
}
