/** The tensors of a slice: the inputs of its pieces in one, and the outputs cut up again. Pure. */

import { dictionary, orderedDictionary } from '@inferq/core/dictionary.ts';
import { joinRows, sliceRows, splitRows } from '@inferq/core/tensor/rows.ts';
import { shownShape } from '@inferq/core/tensor/shape.ts';
import type { ModelTensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { Tensors } from '../handler.ts';
import { TaskFault } from './errors.ts';
import type { Piece } from './slices.ts';

type Given = Piece<{ inputs: Tensors }>;

/** The rows of all pieces. Throws where the pieces do not go together. */
export function joinInputs(specs: readonly TensorSpec[], pieces: readonly Given[]): Tensors {
  return dictionary(
    specs.flatMap(({ name }) => {
      const parts = pieces.flatMap(({ task, from, to }) => (task.inputs[name] ? [sliceRows(task.inputs[name], from, to)] : []));
      if (parts.length === 0) return [];
      if (parts.length < pieces.length) throw new Error(`input "${name}" is given by some tasks of the batch only`);
      return [[name, joinRows(parts)] as const];
    }),
  );
}

/** What belongs to each piece. Throws the model's fault where an output does not have a row for each row of the inputs. */
export function splitOutputs(results: Tensors, pieces: readonly Given[]): Tensors[] {
  const counts = pieces.map(({ from, to }) => to - from);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const split = Object.entries(results).map(([name, tensor]): [string, ModelTensor[]] => {
    if (tensor.shape[0] === rows) return [name, splitRows(tensor, counts)];
    const sentence = `the model gave output "${name}" the shape ${shownShape(tensor.shape)} for ${rows} rows: set max_batch_size to 0`;
    throw new TaskFault('MODEL_ERROR', sentence);
  });
  return pieces.map((_, index) => orderedDictionary(split.map(([name, parts]) => [name, parts[index] as ModelTensor])));
}

/** The outputs of consecutive pieces of one task as one. */
export function joinOutputs(parts: readonly Tensors[]): Tensors {
  const [first = {}] = parts;
  if (parts.length === 1) return first;
  return orderedDictionary(Object.keys(first).map((name) => [name, joinRows(parts.flatMap((part) => part[name] ?? []))]));
}
