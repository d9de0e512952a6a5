/** Whether Redis uses more memory than submissions may: looked at once a second, so that Submit says so before Redis says OOM. */

import type { Redis } from 'ioredis';

const lookMs = 1_000;

export class MemoryWatermark {
  readonly #redis: Redis;
  readonly #fraction: number;
  #full = false;
  #lookedAt: number | undefined;
  #look: Promise<void> | undefined;

  /** `fraction` of maxmemory, 0 to 1. */
  constructor(redis: Redis, fraction: number) {
    this.#redis = redis;
    this.#fraction = fraction;
  }

  /** The state as of the last look; starts a new look where that is a second old. `time` is any monotonic milliseconds. */
  async isFull(time: number): Promise<boolean> {
    if (this.#look === undefined && time - (this.#lookedAt ?? Number.NEGATIVE_INFINITY) >= lookMs) {
      const first = this.#lookedAt === undefined;
      this.#lookedAt = time;
      this.#look = this.#lookNow().finally(() => {
        this.#look = undefined;
      });
      // Before the first look nothing is known; while full, a stale answer would refuse what fits again: wait for the look.
      if (first || this.#full) await this.#look;
      else this.#look.catch(() => {});
    }
    return this.#full;
  }

  async #lookNow(): Promise<void> {
    const info = await this.#redis.info('memory');
    const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const most = read('maxmemory');
    this.#full = most > 0 && read('used_memory') > most * this.#fraction;
  }
}
