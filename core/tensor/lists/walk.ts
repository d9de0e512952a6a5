/** Walks the bytes of a TensorContents, without making anything of its elements. */

import { type ListLayout, layouts, wireType } from './layout.ts';

/** Reads one varint after another. */
export class Varints {
  readonly bytes: Uint8Array;
  at = 0;
  /** The low and the high 32 bits of the last one. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the next one; false where none ends before `end`. */
  read(end: number): boolean {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70 && this.at < end; shift += 7) {
      const byte = bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift <= 28) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte >= 0x80) continue;
      this.low = low;
      this.high = high;
      return true;
    }
    return false;
  }
}

/** A run is part of one list: packed elements, or a single one. */
export class Runs {
  readonly varints: Varints;
  /** The list of the run, and where its elements stand. */
  list: ListLayout | undefined;
  start = 0;
  end = 0;
  /** The bytes are not a TensorContents. */
  malformed = false;

  constructor(bytes: Uint8Array) {
    this.varints = new Varints(bytes);
  }

  /** Goes to the next run; false where there is none. Fields that are not a list are passed over. */
  next(): boolean {
    const { varints } = this;
    const { length } = varints.bytes;
    varints.at = this.end;
    while (varints.at < length) {
      if (!varints.read(length)) return this.#fail();
      const layout = layouts[varints.low >>> 3];
      const type = varints.low & 7;
      if (!this.#pass(type, length)) return this.#fail();
      if (layout === undefined || !fits(layout, type)) continue;
      this.list = layout;
      return true;
    }
    return false;
  }

  /** Passes a field's value, and notes where it stands. */
  #pass(type: number, length: number): boolean {
    const { varints } = this;
    this.start = varints.at;
    if (type === wireType.varint) {
      if (!varints.read(length)) return false;
    } else if (type === wireType.lengthDelimited) {
      if (!varints.read(length)) return false;
      this.start = varints.at;
      varints.at += varints.low >>> 0;
    } else if (type === wireType.four || type === wireType.eight) {
      varints.at += type === wireType.four ? 4 : 8;
    } else return false;
    this.end = varints.at;
    return this.end <= length;
  }

  #fail(): boolean {
    this.malformed = true;
    return false;
  }
}

/** Whether a list can come in this wire type: packed, or element by element. */
function fits({ elements }: ListLayout, type: number): boolean {
  if (type === wireType.lengthDelimited) return true;
  if (elements === 'varints') return type === wireType.varint;
  return type === (elements === 4 ? wireType.four : wireType.eight) && elements !== 'texts';
}
