/** Random bytes by the thousand: asking the system for a few at a time costs as much as for many. */

import { randomFillSync } from 'node:crypto';

const poolBytes = 8_192;

/** A function that gives so many random bytes, none of them twice. More than 8 KiB at a time it does not give. */
export function createRandomPool(): (count: number) => Uint8Array {
  let pool = new Uint8Array(0);
  let used = 0;
  return (count) => {
    if (used + count > pool.length) {
      pool = randomFillSync(new Uint8Array(poolBytes));
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  };
}
