/** Changes to the graph of a model, as bytes: everything else in it stays as it was written. Pure. */

import { graphField, modelField, textOf } from './graph.ts';
import { bytesSource, encodeBytes, type Field, fields, only } from './wire.ts';

const initializerName = 8;

/** Without the initializers of these names, so that the inputs whose defaults they are have to be given. */
export function withoutInitializers(model: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  const source = bytesSource(model);
  return changeGraph(model, (part) => {
    if (part.number !== graphField.initializer) return undefined;
    const name = only(source, part, initializerName);
    return name && names.has(textOf(source, name)) ? new Uint8Array() : undefined;
  });
}

/** The model with the parts of its graph as `change` gives them: other bytes in place of a part, or undefined where it stays. */
export function changeGraph(model: Uint8Array, change: (part: Field) => Uint8Array | undefined): Uint8Array {
  const source = bytesSource(model);
  const graph = only(source, { start: 0, end: model.length }, modelField.graph);
  if (!graph) return model;
  const parts = [...fields(source, graph.start, graph.end)].map((part) => change(part) ?? model.subarray(part.from, part.end));
  return Buffer.concat([model.subarray(0, graph.from), encodeBytes(modelField.graph, Buffer.concat(parts)), model.subarray(graph.end)]);
}
