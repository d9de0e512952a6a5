/** How full a test's Redis is, and filling it from outside of inferq. */

import { Redis } from 'ioredis';

const foreign = 'foreign';

export interface RedisMemory {
  /** For looking and meddling. */
  readonly redis: Redis;
  /** What counts against maxmemory, and how many commands were answered OOM so far. */
  look(): Promise<{ used: number; most: number; outOfMemory: number }>;
  /** Lets a foreign key grow until Redis answers OOM to every write. */
  fill(): Promise<void>;
  /** Takes the foreign key away. */
  drain(): Promise<void>;
  close(): void;
}

function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}[:=](?:count=)?(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}

/** Connects to a Redis that has a `maxmemory`. */
export function redisMemory(url: string): RedisMemory {
  const redis = new Redis(url, { protocol: 2 });
  let length = 0;
  const look = async () => {
    const [memory, errors] = await Promise.all([redis.info('memory'), redis.info('errorstats')]);
    return {
      used: field(memory, 'used_memory') - field(memory, 'mem_not_counted_for_evict'),
      most: field(memory, 'maxmemory'),
      outOfMemory: field(errors, 'errorstat_OOM'),
    };
  };
  return {
    redis,
    look,
    fill: async () => {
      for (;;) {
        const { used, most } = await look();
        // One command: it is refused only where memory is full before it.
        length += Math.max(most - used, 0) + 256 * 1_024;
        try {
          await redis.setrange(foreign, length, 'x');
        } catch (error) {
          if (error instanceof Error && error.message.includes('OOM')) return;
          throw error;
        }
      }
    },
    drain: async () => {
      await redis.unlink(foreign);
      length = 0;
    },
    close: () => redis.disconnect(),
  };
}
