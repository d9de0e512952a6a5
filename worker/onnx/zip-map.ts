/**
 * ZipMap, with which converters of scikit-learn end their classifiers, makes a list of maps of a matrix: for each row, from class to
 * value. The JavaScript binding carries no maps; so the matrix is the output, and the classes, the same in each row, are another. Pure.
 */

import { orderedDictionary } from '@inferq/core/dictionary.ts';
import type { ModelTensor } from '@inferq/core/tensor/tensor.ts';
import type { Tensors } from '../handler.ts';
import { TaskFault } from '../inference/errors.ts';
import { graphField, modelField, textOf, valueField } from './graph.ts';
import { changeGraph } from './rewrite.ts';
import { bytesSource, encodeBytes, encodeNumber, type Field, fields, int64s, only, type Source } from './wire.ts';

const nodeField = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
const attributeField = { name: 1, ints: 8, strings: 9 };
const opsetField = { domain: 1, version: 2 };
const float = 1;

/** An output that was a list of maps, and the keys of each of them, in the order of the values. */
export interface ZipMap {
  output: string;
  classes: string[] | bigint[];
}

/** The output with the classes that belong to the values of an output which was a list of maps. */
export function classesName(output: string): string {
  return `${output}.classes`;
}

/** The outputs of a run and, behind each that was a list of maps, for each of its values the class. Throws where their number differs. */
export function withClasses(zipMaps: readonly ZipMap[], outputs: Tensors): Tensors {
  if (zipMaps.length === 0) return outputs;
  return orderedDictionary(
    Object.entries(outputs).flatMap(([name, values]) => {
      const zipMap = zipMaps.find(({ output }) => output === name);
      return zipMap ? [[name, values] as const, [classesName(name), classesFor(zipMap, values)] as const] : [[name, values] as const];
    }),
  );
}

function classesFor({ output, classes }: ZipMap, { shape, data }: ModelTensor): ModelTensor {
  const columns = shape.at(-1) ?? 0;
  if (columns !== classes.length) {
    throw new TaskFault('MODEL_ERROR', `output "${output}" has ${columns} values in a row for ${classes.length} classes`);
  }
  const repeated = Array.from({ length: data.length }, (_, index) => classes[index % columns]);
  if (datatypeOf(classes) === 'INT64') return { datatype: 'INT64', shape, data: BigInt64Array.from(repeated as bigint[]) };
  return { datatype: 'BYTES', shape, data: (repeated as string[]).map((text) => new TextEncoder().encode(text)) };
}

/** The datatype of a list of classes. */
export function datatypeOf(classes: ZipMap['classes']): 'INT64' | 'BYTES' {
  return typeof classes[0] === 'bigint' ? 'INT64' : 'BYTES';
}

/** The model with a matrix in place of each output that a ZipMap makes. */
export function withoutZipMaps(model: Uint8Array): { model: Uint8Array; zipMaps: ZipMap[] } {
  const source = bytesSource(model);
  const graph = only(source, { start: 0, end: model.length }, modelField.graph);
  const parts = graph ? [...fields(source, graph.start, graph.end)] : [];
  const outputs = new Set(parts.filter(({ number }) => number === graphField.output).map((value) => nameOf(source, value)));
  const nodes = parts.filter(({ number }) => number === graphField.node);
  const zipMaps = new Map(nodes.flatMap((node) => readZipMap(source, node, outputs)));
  if (zipMaps.size === 0) return { model, zipMaps: [] };

  const names = new Set([...zipMaps.values()].map(({ output }) => output));
  const changed = changeGraph(model, (part) => {
    if (part.number === graphField.node && zipMaps.has(part.from)) return encodeBytes(graphField.node, identityOf(source, part));
    if (part.number !== graphField.output || !names.has(nameOf(source, part))) return undefined;
    return encodeBytes(graphField.output, floatsOf(source, part));
  });
  return { model: withDefaultOpset(changed), zipMaps: [...zipMaps.values()] };
}

function nameOf(source: Source, value: Field): string {
  const name = only(source, value, valueField.name);
  return name ? textOf(source, name) : '';
}

/** Where the node is a ZipMap of an output: its place, and what it does. */
function readZipMap(source: Source, node: Field, outputs: ReadonlySet<string>): [from: number, ZipMap][] {
  const opType = only(source, node, nodeField.opType);
  const output = only(source, node, nodeField.output);
  if (!opType || !output || textOf(source, opType) !== 'ZipMap' || !outputs.has(textOf(source, output))) return [];
  const attributes = [...fields(source, node.start, node.end)].filter(({ number }) => number === nodeField.attribute);
  const classes = attributes.flatMap((attribute) => classesOf(source, attribute)) as string[] | bigint[];
  return [[node.from, { output: textOf(source, output), classes }]];
}

function classesOf(source: Source, attribute: Field): (string | bigint)[] {
  const parts = [...fields(source, attribute.start, attribute.end)];
  const texts = parts.filter(({ number }) => number === attributeField.strings).map((text) => textOf(source, text));
  const numbers = parts
    .filter(({ number }) => number === attributeField.ints)
    .flatMap(({ start, end }) => int64s(source.slice(start, end)));
  return texts.length > 0 ? texts : numbers;
}

/** A node that hands on what the ZipMap took. */
function identityOf(source: Source, node: Field): Uint8Array {
  const kept = [...fields(source, node.start, node.end)].filter(({ number }) =>
    [nodeField.input, nodeField.output, nodeField.name].includes(number),
  );
  return Buffer.concat([...kept.map(({ from, end }) => source.slice(from, end)), encodeBytes(nodeField.opType, Buffer.from('Identity'))]);
}

/** An output of this name: a tensor of FP32, whose shape ONNX Runtime infers. */
function floatsOf(source: Source, value: Field): Uint8Array {
  const type = encodeBytes(1, encodeNumber(1, float));
  return Buffer.concat([encodeBytes(valueField.name, Buffer.from(nameOf(source, value))), encodeBytes(valueField.type, type)]);
}

/** Identity is an operator of the default domain, which a model of ai.onnx.ml alone does not import. */
function withDefaultOpset(model: Uint8Array): Uint8Array {
  const source = bytesSource(model);
  const imports = [...fields(source)].filter(({ number }) => number === modelField.opset);
  const domains = imports.map((opset) => only(source, opset, opsetField.domain)).map((domain) => (domain ? textOf(source, domain) : ''));
  if (domains.some((domain) => domain === '' || domain === 'ai.onnx')) return model;
  return Buffer.concat([model, encodeBytes(modelField.opset, encodeNumber(opsetField.version, 13))]);
}
