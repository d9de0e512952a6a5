/** Tensors of model code as onnxruntime-node takes and gives them. */

import { type Dictionary, dictionary, orderedDictionary } from '@inferq/core/dictionary.ts';
import { shown, shownList } from '@inferq/core/names.ts';
import { requireFit, truthValues } from '@inferq/core/tensor/convert.ts';
import type { Datatype, ModelTensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { Tensor } from 'onnxruntime-node';
import type { Tensors } from '../handler.ts';
import { invalidInput } from '../inference/errors.ts';

export type BindingTensors = Dictionary<Tensor>;

/** The binding's element types, and the datatypes that carry them. */
export const datatypeOf: ReadonlyMap<string, Datatype> = new Map([
  ['bool', 'BOOL'],
  ['uint8', 'UINT8'],
  ['uint16', 'UINT16'],
  ['uint32', 'UINT32'],
  ['uint64', 'UINT64'],
  ['int8', 'INT8'],
  ['int16', 'INT16'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['string', 'BYTES'],
]);
const typeOf = new Map([...datatypeOf].map(([type, datatype]) => [datatype, type]));

/** The inputs of a run. Throws the submitter's mistake: the binding passes over some mistakes and reports others without a name. */
export function toBinding(specs: readonly TensorSpec[], feeds: Tensors): BindingTensors {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const surplus = Object.keys(feeds).filter((name) => !byName.has(name));
  if (surplus.length > 0) throw invalidInput(`the model has no input ${shownList(surplus)}; it takes ${shownList([...byName.keys()])}`);
  return dictionary(
    Object.entries(feeds).map(([name, tensor]) => {
      const wanted = byName.get(name)?.datatype;
      if (tensor.datatype !== wanted) throw invalidInput(`input "${shown(name)}" is ${tensor.datatype}, but the model takes ${wanted}`);
      return [name, newTensor(name, tensor)];
    }),
  );
}

/** The outputs of a run, in the order of the model. */
export function fromBinding(outputs: readonly { name: string }[], results: BindingTensors): Tensors {
  return orderedDictionary(outputs.map(({ name }) => [name, toModelTensor(results[name] as Tensor)]));
}

function newTensor(name: string, tensor: ModelTensor): Tensor {
  try {
    requireFit(name, tensor);
  } catch (error) {
    throw invalidInput((error as Error).message);
  }
  const { datatype, shape, data } = tensor;
  if (Array.isArray(data)) {
    const texts = data.map((element, index) => toText(name, element, index));
    return new Tensor('string', texts, shape);
  }
  // Tensor would make a Float16Array of the bit patterns, which the native side of 1.30 takes for empty.
  if (datatype === 'FP16') return Object.assign(new Tensor('uint16', data as Uint16Array, shape), { type: 'float16' });
  if (datatype === 'BOOL') return new Tensor('bool', truthValues(data as Uint8Array), shape);
  return new Tensor(typeOf.get(datatype) as 'float32', data as Float32Array, shape);
}

function toModelTensor({ type, dims, data }: Tensor): ModelTensor {
  const shape = [...dims];
  if (Array.isArray(data)) return { datatype: 'BYTES', shape, data: data.map((text) => encoder.encode(text)) };
  const datatype = datatypeOf.get(type);
  if (!datatype) throw new Error(`the model returned elements of ${type}, which cannot be served`);
  // Half floats arrive as a Float16Array; ours are bit patterns.
  if (datatype === 'FP16') return { datatype, shape, data: new Uint16Array(data.buffer, data.byteOffset, data.length) };
  return { datatype, shape, data: data as Float32Array };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The binding hands texts over as C strings, which end at the first NUL. */
function toText(name: string, element: Uint8Array, index: number): string {
  const refuse = (why: string) => invalidInput(`input "${shown(name)}" is text for this model, and element ${index} ${why}`);
  if (element.includes(0)) throw refuse('has a NUL byte, at which ONNX Runtime would cut it');
  try {
    return decoder.decode(element);
  } catch {
    throw refuse('is not UTF-8');
  }
}
