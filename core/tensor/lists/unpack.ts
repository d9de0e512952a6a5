/** From typed lists to elements. The host is little-endian, as the lists are. Takes what `measureLists` found right. */

import type { Sliced } from '../../slices.ts';
import { arrayTypes, contentsLists, type FixedDatatype, type TypedArray } from '../datatypes.ts';
import { sliceElements } from './layout.ts';
import { Runs } from './walk.ts';

/** The elements of a list of numbers, of which there are so many. */
export function* unpackNumbers(bytes: Uint8Array, datatype: FixedDatatype, elements: number): Sliced<TypedArray> {
  const [own] = contentsLists[datatype];
  if (own === undefined) throw new Error(`${datatype} cannot be sent as contents`);
  const array = new arrayTypes[datatype](elements);
  // Elements of 64 bits are two of these.
  const words = array.BYTES_PER_ELEMENT === 8 ? new Int32Array(array.buffer) : undefined;
  const runs = new Runs(bytes);
  const { varints } = runs;
  let index = 0;
  while (runs.next()) {
    const { list, start, end } = runs;
    if (list?.name !== own) continue;
    if (list.elements !== 'varints') {
      new Uint8Array(array.buffer).set(bytes.subarray(start, end), index * array.BYTES_PER_ELEMENT);
      index += (end - start) / array.BYTES_PER_ELEMENT;
      continue;
    }
    varints.at = start;
    while (varints.at < end && varints.read(end)) {
      const { low, high } = varints;
      if (words !== undefined) {
        words[2 * index] = low;
        words[2 * index + 1] = high;
      } else array[index] = datatype === 'BOOL' ? Number(low !== 0 || high !== 0) : low;
      index += 1;
      if (index % sliceElements === 0) yield;
    }
  }
  return array;
}

/** The elements of a list of BYTES, as views of it. */
export function unpackTexts(bytes: Uint8Array): Uint8Array[] {
  const texts: Uint8Array[] = [];
  const runs = new Runs(bytes);
  while (runs.next()) if (runs.list?.elements === 'texts') texts.push(bytes.subarray(runs.start, runs.end));
  return texts;
}

/** The raw form of a list of BYTES: each element after its length, 4 bytes little-endian. */
export function* rawTexts(bytes: Uint8Array): Sliced<Uint8Array> {
  let size = 0;
  const measured = new Runs(bytes);
  for (let work = 1; measured.next(); work++) {
    if (measured.list?.elements === 'texts') size += 4 + measured.end - measured.start;
    if (work % sliceElements === 0) yield;
  }
  const raw = new Uint8Array(size);
  const view = new DataView(raw.buffer);
  const runs = new Runs(bytes);
  let at = 0;
  for (let work = 1; runs.next(); work++) {
    if (work % sliceElements === 0) yield;
    if (runs.list?.elements !== 'texts') continue;
    view.setUint32(at, runs.end - runs.start, true);
    raw.set(bytes.subarray(runs.start, runs.end), at + 4);
    at += 4 + runs.end - runs.start;
  }
  return raw;
}
