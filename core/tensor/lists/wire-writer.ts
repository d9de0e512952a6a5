/** Writes protobuf into memory of a known size. */

/** Bytes of the varint of these low and high 32 bits. */
export function varintBytes(low: number, high: number): number {
  if (high !== 0) return Math.ceil((64 - Math.clz32(high)) / 7);
  return Math.max(1, Math.ceil((32 - Math.clz32(low)) / 7));
}

export class WireWriter {
  readonly target: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.target = new Uint8Array(size);
  }

  tag(field: number, type: number): void {
    this.target[this.#at++] = (field << 3) | type;
  }

  /** Of the low and the high 32 bits. */
  varint(low: number, high: number): void {
    const { target } = this;
    let [rest, above] = [low >>> 0, high >>> 0];
    while (rest > 0x7f || above > 0) {
      target[this.#at++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (above << 25)) >>> 0;
      above >>>= 7;
    }
    target[this.#at++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.target.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}
