/** BYTES as raw: each element after its length, 4 bytes little-endian. */

/** Walks elements from the first to the last. */
export class BytesWalk {
  /** Where the element stands. */
  start = 0;
  end = 0;
  /** Elements passed so far. */
  count = 0;
  /** What is wrong with the lengths, if anything. */
  fault: string | undefined;
  readonly #view: DataView;

  constructor(raw: Uint8Array) {
    this.#view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  }

  /** Goes to the next element; false where there is none, or its length does not fit. */
  next(): boolean {
    const view = this.#view;
    if (this.end === view.byteLength) return false;
    const left = view.byteLength - this.end - 4;
    if (left < 0) return this.#fail(`needs 4 bytes for its length, but ${left + 4} are left`);
    const length = view.getUint32(this.end, true);
    if (length > left) return this.#fail(`says it has ${length} bytes, but ${left} are left`);
    this.start = this.end + 4;
    this.end = this.start + length;
    this.count += 1;
    return true;
  }

  #fail(what: string): boolean {
    this.fault = `element ${this.count} ${what}`;
    return false;
  }
}

/** The raw form of elements. */
export function encodeBytes(elements: readonly Uint8Array[]): Uint8Array {
  const raw = new Uint8Array(elements.reduce((size, element) => size + 4 + element.byteLength, 0));
  const view = new DataView(raw.buffer);
  let at = 0;
  for (const element of elements) {
    view.setUint32(at, element.byteLength, true);
    raw.set(element, at + 4);
    at += 4 + element.byteLength;
  }
  return raw;
}

/** The elements of a raw form, as views into it. Throws where its lengths do not add up. */
export function decodeBytes(raw: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const walk = new BytesWalk(raw);
  while (walk.next()) elements.push(new Uint8Array(raw.buffer, raw.byteOffset + walk.start, walk.end - walk.start));
  if (walk.fault !== undefined) throw new Error(`BYTES are malformed: ${walk.fault}`);
  return elements;
}
