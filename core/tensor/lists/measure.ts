/** What is in the typed lists of a tensor, counted on their bytes: as JavaScript values they would take up to forty times as much. */

import type { Sliced } from '../../slices.ts';
import { contentsLists, ranges } from '../datatypes.ts';
import type { DataFacts, Datatype } from '../tensor.ts';
import { sliceElements } from './layout.ts';
import { Runs } from './walk.ts';

const malformed: DataFacts = { elements: new Map(), fault: 'is not a TensorContents message' };

/** Measures lists; each step of the generator takes about a millisecond. */
export function* measureLists(bytes: Uint8Array, datatype: Datatype | undefined): Sliced<DataFacts> {
  const elements = new Map<string, number>();
  const range = datatype && ranges[datatype];
  const own = datatype && contentsLists[datatype][0];
  const runs = new Runs(bytes);
  const { varints } = runs;
  let outOfRange: DataFacts['outOfRange'];
  for (let work = 1; runs.next(); work++) {
    const { list, start, end } = runs;
    if (list === undefined) continue;
    let count = elements.get(list.name) ?? 0;
    if (list.elements === 'texts') count += 1;
    else if (list.elements !== 'varints') {
      if ((end - start) % list.elements !== 0) return malformed;
      count += (end - start) / list.elements;
    } else {
      varints.at = start;
      while (varints.at < end) {
        if (!varints.read(end)) return malformed;
        if (range !== undefined && outOfRange === undefined && list.name === own) {
          const value = list.unsigned ? varints.low >>> 0 : varints.low;
          if (value < range.min || value > range.max) outOfRange = { index: count, value };
        }
        count += 1;
        if (++work % sliceElements === 0) yield;
      }
    }
    elements.set(list.name, count);
    if (work % sliceElements === 0) yield;
  }
  if (runs.malformed) return malformed;
  return outOfRange === undefined ? { elements } : { elements, outOfRange };
}
