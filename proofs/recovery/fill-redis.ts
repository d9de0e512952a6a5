/** Gives Redis something to load: keys that belong to nobody. */

import { Redis } from 'ioredis';

const valueBytes = 200;
const atOnce = 5_000;

/** Sets so many keys of 200 bytes each. */
export async function fillRedis(url: string, keys: number): Promise<void> {
  const redis = new Redis(url, { protocol: 2, replyMapping: 'legacy' });
  const value = 'x'.repeat(valueBytes);
  for (let from = 0; from < keys; from += atOnce) {
    await redis.mset(Array.from({ length: Math.min(atOnce, keys - from) }, (_, index) => [`weight:${from + index}`, value]).flat());
  }
  redis.disconnect();
}
