/** BYTES as raw: each element after its length, 4 bytes little-endian. */

/**
 * Calls `visit` with where each element starts and ends. Returns what is wrong with the lengths, or undefined where they add
 * up to exactly the bytes given; elements before the fault have been visited.
 */
export function walkBytes(raw: Uint8Array, visit: (start: number, end: number) => void): string | undefined {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  let element = 0;
  for (let at = 0; at < raw.byteLength; element++) {
    const left = raw.byteLength - at - 4;
    if (left < 0) return `element ${element} needs 4 bytes for its length, but ${left + 4} are left`;
    const length = view.getUint32(at, true);
    if (length > left) return `element ${element} says it has ${length} bytes, but ${left} are left`;
    at += 4 + length;
    visit(at - length, at);
  }
  return undefined;
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
  const fault = walkBytes(raw, (start, end) => elements.push(new Uint8Array(raw.buffer, raw.byteOffset + start, end - start)));
  if (fault !== undefined) throw new Error(`BYTES are malformed: ${fault}`);
  return elements;
}
