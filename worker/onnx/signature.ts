/** The inputs and outputs of an ONNX model as tasks bring and get them, or why it cannot be served. Pure. */

import { shown } from '@inferq/core/names.ts';
import { type Datatype, datatypes, type TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { elementFault, elementName } from './element-types.ts';
import type { Declared, DeclaredType, Graph } from './graph.ts';
import { classesName, datatypeOf, type ZipMap } from './zip-map.ts';

/** What onnxruntime-node tells of an input or output. */
export interface Told {
  name: string;
  datatype: Datatype;
  shape: number[];
}

/** What ONNX Runtime takes and gives, but its JavaScript binding does not. */
const uncarried: Record<Exclude<DeclaredType['kind'], 'tensor' | 'untyped'>, string> = {
  sequence: 'let the graph take and give tensors',
  'sequence of maps': 'convert the model without ZipMap (for scikit-learn: `options={"zipmap": False}`)',
  map: 'let the graph take and give tensors',
  'optional value': 'let the graph take and give a tensor that is always there',
  'sparse tensor': 'let the graph take and give dense tensors',
  'opaque value': 'let the graph take and give tensors',
};

/** Why a model with this graph cannot be served: a sentence, or undefined. */
export function signatureFault({ inputs, outputs }: Graph): string | undefined {
  const faults = [...inputs.map((input) => faultOf('input', input)), ...outputs.map((output) => faultOf('output', output))];
  return faults.find((fault) => fault !== undefined);
}

function faultOf(role: string, { name, type }: Declared): string | undefined {
  const tensor = `${role} "${shown(name)}"`;
  if (type.kind === 'untyped') return undefined;
  if (type.kind === 'tensor') return isCarried(type.element) ? undefined : `${tensor} has ${elementFault(type.element)}`;
  return `${tensor} is ${/^[aeiou]/.test(type.kind) ? 'an' : 'a'} ${type.kind}, which onnxruntime-node cannot carry: ${uncarried[type.kind]}`;
}

/** BF16 is a datatype of tasks, but not one of the binding. */
function isCarried(element: number): boolean {
  const name = elementName(element);
  return name === 'undefined' || (name !== 'BF16' && (datatypes as readonly string[]).includes(name));
}

/**
 * The inputs in the order of the file, with those whose default is an initializer: from IR version 4 on ONNX Runtime lets a run
 * override it, and its JavaScript binding does not tell of them. `graph` is undefined where the file could not be read.
 */
export function inputSpecs(told: readonly Told[], graph: Graph | undefined): TensorSpec[] {
  const byName = new Map(told.map((input) => [input.name, input]));
  const [declared, irVersion] = [graph?.inputs ?? [], graph?.irVersion ?? 0];
  const names = new Set(declared.map(({ name }) => name));
  return [
    ...declared.flatMap((input) => {
      const required = byName.get(input.name);
      return required ? [specOf(required, input)] : irVersion < 4 ? [] : overridable(input);
    }),
    ...told.filter(({ name }) => !names.has(name)).map((input) => specOf(input)),
  ];
}

/** The outputs, each that was a list of maps followed by its classes. */
export function outputSpecs(told: readonly Told[], graph: Graph | undefined, zipMaps: readonly ZipMap[]): TensorSpec[] {
  const declared = new Map(graph?.outputs.map((output) => [output.name, output]));
  const maps = new Map(zipMaps.map((zipMap) => [zipMap.output, zipMap]));
  return told.flatMap((output) => {
    const spec = specOf(output, declared.get(output.name));
    const zipMap = maps.get(output.name);
    return zipMap ? [spec, { ...spec, name: classesName(output.name), datatype: datatypeOf(zipMap.classes) }] : [spec];
  });
}

/** The binding tells of no dimension where there may be any number of them. */
function specOf({ name, datatype, shape }: Told, declared?: Declared): TensorSpec {
  const anyRank = shape.length === 0 && declared?.type.kind === 'tensor' && declared.type.shape === undefined;
  return { name, datatype, shape, optional: false, ...(anyRank ? { anyRank } : {}) };
}

function overridable({ name, type }: Declared): TensorSpec[] {
  if (type.kind !== 'tensor' || !isCarried(type.element)) return [];
  const { shape = [], element } = type;
  const anyRank = type.shape === undefined;
  return [{ name, datatype: elementName(element) as Datatype, shape, optional: true, ...(anyRank ? { anyRank } : {}) }];
}
