/** Whether a tensor's data is what its datatype and shape say. */

import { limits } from '../limits.ts';
import type { Violation } from '../refusal.ts';
import { atOnce } from '../slices.ts';
import { violation } from '../violation.ts';
import type { ListName } from './datatypes.ts';
import { contentsLists, elementSize, ranges } from './datatypes.ts';
import { measureData } from './measure-data.ts';
import { shownShape } from './shape.ts';
import type { DataFacts, Datatype, Tensor } from './tensor.ts';

const noFacts: DataFacts = { elements: new Map() };

/**
 * What is wrong with the data of a tensor whose datatype and shape are right. `field` is the tensor's path. Counts BYTES and typed
 * lists at once where that was not done before.
 */
export function checkData(field: string, datatype: Datatype, tensor: Tensor): Violation[] {
  const { shape, data } = tensor;
  const elements = shape.reduce((count, dimension) => count * dimension, 1n);
  const wanted = () => `${datatype} ${shownShape(shape)} has`;
  if (data === undefined)
    return [violation(`${field}.data`, `is missing: set raw${contentsLists[datatype].length === 0 ? '' : ' or contents'}`)];
  const facts = tensor.facts ?? atOnce(measureData(tensor)) ?? noFacts;
  if (data.$case === 'contents') return checkLists(`${field}.contents`, datatype, facts, data.value.length, elements, wanted);
  const fault = datatype === 'BYTES' ? bytesFault(facts, elements, wanted) : sizeFault(datatype, data.value, elements, wanted);
  return fault === undefined ? [] : [violation(`${field}.raw`, fault)];
}

function sizeFault(datatype: Datatype, raw: Uint8Array, elements: bigint, wanted: () => string): string | undefined {
  const bytes = elements * BigInt(elementSize(datatype) ?? 0);
  return bytes === BigInt(raw.byteLength) ? undefined : `has ${raw.byteLength} bytes, but ${wanted()} ${bytes}`;
}

function bytesFault({ elements: counts, fault }: DataFacts, elements: bigint, wanted: () => string): string | undefined {
  if (fault !== undefined) return `${fault} (each element follows its length, 4 bytes little-endian)`;
  const count = counts.get('raw') ?? 0;
  return BigInt(count) === elements ? undefined : `has ${count} elements, but ${wanted()} ${elements}`;
}

function checkLists(
  field: string,
  datatype: Datatype,
  facts: DataFacts,
  bytes: number,
  elements: bigint,
  wanted: () => string,
): Violation[] {
  const lists = contentsLists[datatype];
  const [usual] = lists;
  if (usual === undefined) return [violation(field, `cannot carry ${datatype}: set raw`)];
  if (facts.fault !== undefined) return [violation(field, facts.fault)];
  const filled = [...facts.elements.keys()] as ListName[];
  const wrong = filled.filter((list) => !lists.includes(list));
  if (wrong.length > 0)
    return wrong.map((list) => violation(`${field}.${list}`, `must be empty: ${datatype} values belong in ${lists.join(' or ')}`));
  if (filled.length > 1) return [violation(field, `has values in ${filled.join(' and ')}: fill one of them`)];
  const list = filled[0] ?? usual;
  const count = facts.elements.get(list) ?? 0;
  if (BigInt(count) !== elements) return [violation(`${field}.${list}`, `has ${count} values, but ${wanted()} ${elements}`)];
  const raw = count * (elementSize(datatype) ?? 0);
  if (raw > Math.max(limits.listBytes, bytes)) {
    return [violation(`${field}.${list}`, `has ${raw} bytes as raw; typed lists may have ${limits.listBytes}: send raw`)];
  }
  const range = ranges[datatype];
  if (facts.outOfRange === undefined || range === undefined) return [];
  const { index, value } = facts.outOfRange;
  return [violation(`${field}.${list}[${index}]`, `is ${value}, but ${datatype} must be between ${range.min} and ${range.max}`)];
}
