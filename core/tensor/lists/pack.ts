/** From raw elements to a TensorContents, written at once: a list of JavaScript values would take many times as much. */

import type { Sliced } from '../../slices.ts';
import { BytesWalk } from '../bytes.ts';
import { contentsLists } from '../datatypes.ts';
import type { Datatype } from '../tensor.ts';
import { layouts, sliceElements, wireType } from './layout.ts';
import { RawNumbers } from './raw-numbers.ts';
import { varintBytes, WireWriter } from './wire-writer.ts';

/**
 * A TensorContents of these elements, of BYTES as texts where all are UTF-8. Undefined where the datatype has no list, and where the
 * list would have more than `mostBytes`. Each step of the generator takes about a millisecond. Throws where `raw` does not fit.
 */
export function* packLists(datatype: Datatype, raw: Uint8Array, mostBytes: number): Sliced<Uint8Array | undefined> {
  if (datatype === 'BYTES') return yield* packTexts(raw, mostBytes);
  const [list] = contentsLists[datatype];
  if (list === undefined) return undefined;
  if (raw.length === 0) return new Uint8Array();
  const field = layouts.findIndex((layout) => layout?.name === list);
  const varints = layouts[field]?.elements === 'varints';
  const length = varints ? yield* varintsLength(new RawNumbers(datatype, raw), mostBytes) : raw.length;
  const size = 1 + varintBytes(length, 0) + length;
  if (size > mostBytes) return undefined;
  const writer = new WireWriter(size);
  writer.tag(field, wireType.lengthDelimited);
  writer.varint(length, 0);
  if (!varints) writer.bytes(raw);
  else {
    const numbers = new RawNumbers(datatype, raw);
    for (let work = 1; numbers.next(); work++) {
      writer.varint(numbers.low, numbers.high);
      if (work % sliceElements === 0) yield;
    }
  }
  return writer.target;
}

/** Stops where there are too many. */
function* varintsLength(numbers: RawNumbers, mostBytes: number): Sliced<number> {
  let length = 0;
  for (let work = 1; length <= mostBytes && numbers.next(); work++) {
    length += varintBytes(numbers.low, numbers.high);
    if (work % sliceElements === 0) yield;
  }
  return length;
}

function* packTexts(raw: Uint8Array, mostBytes: number): Sliced<Uint8Array | undefined> {
  const measured = new BytesWalk(raw);
  let size = 0;
  let texts = true;
  for (let work = 1; measured.next(); work++) {
    const { start, end } = measured;
    size += 1 + varintBytes(end - start, 0) + end - start;
    texts &&= isText(raw.subarray(start, end));
    if (work % sliceElements === 0) yield;
  }
  if (measured.fault !== undefined) throw new Error(`BYTES are malformed: ${measured.fault}`);
  if (size > mostBytes) return undefined;
  const field = layouts.findIndex((layout) => layout?.name === (texts ? 'string_contents' : 'bytes_contents'));
  const writer = new WireWriter(size);
  const walk = new BytesWalk(raw);
  for (let work = 1; walk.next(); work++) {
    writer.tag(field, wireType.lengthDelimited);
    writer.varint(walk.end - walk.start, 0);
    writer.bytes(raw.subarray(walk.start, walk.end));
    if (work % sliceElements === 0) yield;
  }
  return writer.target;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function isText(bytes: Uint8Array): boolean {
  if (bytes.every((byte) => byte < 0x80)) return true;
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
