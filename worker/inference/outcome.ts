/** From what a model produced to what is stored of it. */

import { limits } from '@inferq/core/limits.ts';
import { shownList } from '@inferq/core/names.ts';
import type { Classification } from '@inferq/core/postprocess.ts';
import { classify } from '@inferq/core/postprocess.ts';
import { checkShape } from '@inferq/core/tensor/shape.ts';
import type { ModelTensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { EngineOutcome } from '../engine.ts';
import type { Tensors } from '../handler.ts';
import { encodeOutput } from '../payload.ts';
import type { Settings } from '../repository/settings.ts';
import { failed, failedWith } from './errors.ts';

export type Postprocess = Pick<Settings, 'postprocess' | 'labels'>;

/** A complete outcome; a failed one where the outputs are too large or do not hold together. */
export function completed(specs: readonly TensorSpec[], outputs: Tensors, postprocess: Postprocess, partial: boolean): EngineOutcome {
  try {
    const output = encodeOutput(specs, outputs, classifications(outputs, postprocess));
    return output ? { kind: 'complete', output, partial } : tooLarge();
  } catch (error) {
    return failed(error);
  }
}

export function tooLarge(): EngineOutcome {
  return failedWith('OUTPUT_TOO_LARGE', `the outputs are larger than the ${limits.outputBytes / 1_048_576} MiB that a task may have`);
}

/** What is wrong with a handler's outputs, if anything. A piece of a stream may lack outputs and have other sizes. */
export function outputFault(specs: readonly TensorSpec[], outputs: Tensors, piece: boolean): string | undefined {
  for (const [name, tensor] of Object.entries(outputs)) {
    const spec = specs.find((candidate) => candidate.name === name);
    if (!spec)
      return `the handler gave an output "${name}", which the model does not declare; it has ${shownList(specs.map((s) => s.name))}`;
    if (tensor.datatype !== spec.datatype) return `output "${name}" is ${tensor.datatype}, but the model declares ${spec.datatype}`;
    const shape = piece ? undefined : checkShape(name, spec, tensor.shape.map(BigInt));
    if (shape) return `output "${name}" is of the wrong shape: ${shape.description}`;
  }
  const missing = specs.find((spec) => !spec.optional && !Object.hasOwn(outputs, spec.name));
  return missing && !piece ? `the handler gave no output "${missing.name}", which the model declares` : undefined;
}

/** One list of classes for each row, where the model asks for them. */
function classifications(outputs: Tensors, { postprocess, labels = [] }: Postprocess): Classification[][] {
  if (postprocess === undefined || !Object.hasOwn(outputs, postprocess.output)) return [];
  const tensor = outputs[postprocess.output];
  if (!tensor) return [];
  const scores = tensor.data as Float32Array | Float64Array;
  const columns = tensor.shape.at(-1) ?? 1;
  const softmax = postprocess.softmax === 'auto' ? !areProbabilities(scores, columns) : postprocess.softmax;
  return classify(scores, columns, { topK: postprocess.top_k, softmax, labels });
}

/** Whether every row is non-negative and sums to 1 within a thousandth: then the model has a softmax of its own. */
function areProbabilities(scores: ArrayLike<number>, columns: number): boolean {
  for (let start = 0; start < scores.length; start += columns) {
    let sum = 0;
    for (let index = start; index < start + columns; index++) {
      const score = scores[index] ?? 0;
      if (!(score >= 0)) return false;
      sum += score;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/** Bytes that a tensor takes in memory. */
export function sizeOf({ data }: ModelTensor): number {
  return Array.isArray(data) ? data.reduce((sum, { byteLength }) => sum + byteLength, 0) : data.byteLength;
}
