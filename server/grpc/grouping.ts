/** How much goes out in one message. */

/** Bytes of a streamed message; a single larger item still travels, alone. */
const messageBytes = 1_024 * 1_024;

/** Splits what is ready together into runs of about one message's size each. */
export function* groupBySize<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<readonly T[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    const size = sizeOf(item);
    if (index > start && bytes + size > messageBytes) {
      yield items.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < items.length) yield items.slice(start);
}
