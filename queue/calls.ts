/** Splits what a caller hands over into calls that Redis answers quickly. */

import { limits } from '@inferq/core/limits.ts';

/** Parts of `items`, in order, each of at most `limits.itemsPerCall` items and, unless one item alone has more, `limits.bytesPerCall` bytes. */
export function calls<Item>(items: readonly Item[], bytesOf: (item: Item) => number = () => 0): Item[][] {
  const parts: Item[][] = [];
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (part.length >= limits.itemsPerCall || (part.length > 0 && bytes + size > limits.bytesPerCall)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
