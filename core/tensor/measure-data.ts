/** Counts what a check needs to know of a tensor's data. */

import type { Sliced } from '../slices.ts';
import { BytesWalk } from './bytes.ts';
import { isDatatype } from './datatypes.ts';
import { sliceElements } from './lists/layout.ts';
import { measureLists } from './lists/measure.ts';
import type { DataFacts, Tensor } from './tensor.ts';

/** Undefined where nothing has to be counted: raw numbers say by their size how many they are. */
export function* measureData({ datatype, data }: Tensor): Sliced<DataFacts | undefined> {
  if (data?.$case === 'contents') return yield* measureLists(data.value, isDatatype(datatype) ? datatype : undefined);
  return data !== undefined && datatype === 'BYTES' ? yield* measureBytes(data.value) : undefined;
}

function* measureBytes(raw: Uint8Array): Sliced<DataFacts> {
  const walk = new BytesWalk(raw);
  while (walk.next()) if (walk.count % sliceElements === 0) yield;
  const { count, fault } = walk;
  return { elements: new Map([['raw', count]]), ...(fault === undefined ? {} : { fault }) };
}
