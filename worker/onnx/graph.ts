/** What the file of an ONNX model declares, as far as onnxruntime-node does not tell: see onnx.proto. */

import { withFile } from './file-source.ts';
import { bytesSource, type Field, fields, type Source } from './wire.ts';

/** `element` is a number of TensorProto.DataType, 0 where there is none. */
export type DeclaredType =
  | { kind: 'tensor'; element: number /** -1 is a free dimension; undefined: any rank. */; shape: number[] | undefined }
  | { kind: 'sequence' | 'sequence of maps' | 'map' | 'optional value' | 'sparse tensor' | 'opaque value' | 'untyped' };

export interface Declared {
  name: string;
  type: DeclaredType;
}

export interface Graph {
  irVersion: number;
  /** All of them, also those that have an initializer as their default. */
  inputs: Declared[];
  outputs: Declared[];
}

/** Fields of messages in onnx.proto. */
export const modelField = { irVersion: 1, graph: 7, opset: 8 };
export const graphField = { node: 1, initializer: 5, input: 11, output: 12 };
export const valueField = { name: 1, type: 2 };
const typeField = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparse: 8, optional: 9 };

/** Reads a model file, whose weights are skipped. Undefined where it is none that can be read. */
export function readGraph(file: string): Graph | undefined {
  try {
    return withFile(file, graphOf);
  } catch {
    return undefined;
  }
}

/** Throws where the bytes are no model. */
export function graphOf(source: Source): Graph {
  const graph: Graph = { irVersion: 0, inputs: [], outputs: [] };
  for (const field of fields(source)) {
    if (field.number === modelField.irVersion) graph.irVersion = field.value;
    if (field.number !== modelField.graph) continue;
    for (const part of fields(source, field.start, field.end)) {
      if (part.number === graphField.input) graph.inputs.push(declared(source, part));
      if (part.number === graphField.output) graph.outputs.push(declared(source, part));
    }
  }
  return graph;
}

function declared(source: Source, { start, end }: Field): Declared {
  const bytes = bytesSource(source.slice(start, end));
  const value: Declared = { name: '', type: { kind: 'untyped' } };
  for (const field of fields(bytes)) {
    if (field.number === valueField.name) value.name = textOf(bytes, field);
    if (field.number === valueField.type) value.type = typeOf(bytes, field);
  }
  return value;
}

/** The text in a field. */
export function textOf(source: Source, { start, end }: Field): string {
  return new TextDecoder().decode(source.slice(start, end));
}

function typeOf(source: Source, { start, end }: Field): DeclaredType {
  for (const field of fields(source, start, end)) {
    switch (field.number) {
      case typeField.tensor:
        return tensorType(source, field);
      case typeField.sequence:
        return { kind: elementOf(source, field).kind === 'map' ? 'sequence of maps' : 'sequence' };
      case typeField.map:
        return { kind: 'map' };
      case typeField.optional:
        return { kind: 'optional value' };
      case typeField.sparse:
        return { kind: 'sparse tensor' };
      case typeField.opaque:
        return { kind: 'opaque value' };
    }
  }
  return { kind: 'untyped' };
}

function elementOf(source: Source, { start, end }: Field): DeclaredType {
  const element = [...fields(source, start, end)].find(({ number }) => number === 1);
  return element ? typeOf(source, element) : { kind: 'untyped' };
}

function tensorType(source: Source, { start, end }: Field): DeclaredType {
  let element = 0;
  let shape: number[] | undefined;
  for (const field of fields(source, start, end)) {
    if (field.number === 1) element = field.value;
    if (field.number === 2)
      shape = [...fields(source, field.start, field.end)].filter(({ number }) => number === 1).map((one) => dimension(source, one));
  }
  return { kind: 'tensor', element, shape };
}

/** A dimension with a name, or with neither name nor size, is free; so is one below 0. */
function dimension(source: Source, { start, end }: Field): number {
  const size = [...fields(source, start, end)].find(({ number }) => number === 1)?.value;
  return size === undefined || size > 2 ** 62 ? -1 : size;
}
