/** Raw elements of whole numbers and truth values, read one after another as 64 bits. */

import { arrayTypes, type FixedDatatype } from '../datatypes.ts';

export class RawNumbers {
  /** The low and the high 32 bits of the element. */
  low = 0;
  high = 0;
  readonly #datatype: FixedDatatype;
  readonly #size: number;
  readonly #signed: boolean;
  readonly #view: DataView;
  #at = 0;

  /** Throws where the bytes are not whole elements. */
  constructor(datatype: FixedDatatype, raw: Uint8Array) {
    this.#datatype = datatype;
    this.#size = arrayTypes[datatype].BYTES_PER_ELEMENT;
    this.#signed = datatype.startsWith('I');
    this.#view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    if (raw.length % this.#size !== 0) throw new Error(`${raw.length} bytes are not a whole number of ${datatype} elements`);
  }

  /** Goes to the next element; false where there is none. */
  next(): boolean {
    if (this.#at === this.#view.byteLength) return false;
    this.low = this.#low();
    this.high = this.#high();
    this.#at += this.#size;
    return true;
  }

  #low(): number {
    switch (this.#datatype) {
      case 'BOOL':
        return this.#view.getUint8(this.#at) === 0 ? 0 : 1;
      case 'INT8':
        return this.#view.getInt8(this.#at);
      case 'UINT8':
        return this.#view.getUint8(this.#at);
      case 'INT16':
        return this.#view.getInt16(this.#at, true);
      case 'UINT16':
        return this.#view.getUint16(this.#at, true);
      default:
        return this.#view.getInt32(this.#at, true);
    }
  }

  /** Negative numbers fill it with ones. */
  #high(): number {
    if (this.#size === 8) return this.#view.getInt32(this.#at + 4, true);
    return this.#signed && this.low < 0 ? -1 : 0;
  }
}
