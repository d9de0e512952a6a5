/** Whether a tensor's data is what its datatype and shape say. Only BYTES and `contents` are walked; raw numbers are measured. */

import type { Violation } from '../refusal.ts';
import { violation } from '../violation.ts';
import { walkBytes } from './bytes.ts';
import type { ContentsList } from './datatypes.ts';
import { contentsLists, elementSize, ranges } from './datatypes.ts';
import { shownShape } from './shape.ts';
import type { Datatype, Tensor, TensorContents } from './tensor.ts';

/** What is wrong with the data of a tensor whose datatype and shape are right. `field` is the tensor's path. */
export function checkData(field: string, datatype: Datatype, { shape, data }: Tensor): Violation[] {
  const elements = shape.reduce((count, dimension) => count * dimension, 1n);
  const wanted = () => `${datatype} ${shownShape(shape)} has`;
  switch (data?.$case) {
    case 'raw': {
      const fault = datatype === 'BYTES' ? bytesFault(data.value, elements, wanted) : sizeFault(datatype, data.value, elements, wanted);
      return fault === undefined ? [] : [violation(`${field}.raw`, fault)];
    }
    case 'contents':
      return checkContents(`${field}.contents`, datatype, data.value, elements, wanted);
    default:
      return [violation(`${field}.data`, `is missing: set raw${contentsLists[datatype].length === 0 ? '' : ' or contents'}`)];
  }
}

function sizeFault(datatype: Datatype, raw: Uint8Array, elements: bigint, wanted: () => string): string | undefined {
  const bytes = elements * BigInt(elementSize(datatype) ?? 0);
  return bytes === BigInt(raw.byteLength) ? undefined : `has ${raw.byteLength} bytes, but ${wanted()} ${bytes}`;
}

function bytesFault(raw: Uint8Array, elements: bigint, wanted: () => string): string | undefined {
  let count = 0;
  const fault = walkBytes(raw, () => count++);
  if (fault !== undefined) return `${fault} (each element follows its length, 4 bytes little-endian)`;
  return BigInt(count) === elements ? undefined : `has ${count} elements, but ${wanted()} ${elements}`;
}

function checkContents(field: string, datatype: Datatype, contents: TensorContents, elements: bigint, wanted: () => string): Violation[] {
  const lists = contentsLists[datatype];
  const [usual] = lists;
  if (usual === undefined) return [violation(field, `cannot carry ${datatype}: set raw`)];
  const filled = (Object.keys(contents) as ContentsList[]).filter((list) => contents[list].length > 0);
  const wrong = filled.filter((list) => !lists.includes(list));
  if (wrong.length > 0) {
    return wrong.map((list) =>
      violation(path(field, list), `must be empty: ${datatype} values belong in ${lists.map(protoName).join(' or ')}`),
    );
  }
  if (filled.length > 1) return [violation(field, `has values in ${filled.map(protoName).join(' and ')}: fill one of them`)];
  const list = filled[0] ?? usual;
  const count = contents[list].length;
  if (BigInt(count) !== elements) return [violation(path(field, list), `has ${count} values, but ${wanted()} ${elements}`)];
  return checkRange(path(field, list), datatype, contents[list]);
}

/** Names the first value that its datatype cannot hold. */
function checkRange(field: string, datatype: Datatype, values: TensorContents[ContentsList]): Violation[] {
  const range = ranges[datatype];
  if (range === undefined) return [];
  const numbers = values as number[];
  const index = numbers.findIndex((value) => value < range.min || value > range.max);
  if (index < 0) return [];
  return [violation(`${field}[${index}]`, `is ${numbers[index]}, but ${datatype} must be between ${range.min} and ${range.max}`)];
}

function path(field: string, list: ContentsList): string {
  return `${field}.${protoName(list)}`;
}

function protoName(list: ContentsList): string {
  return list.replace('Contents', '_contents');
}
