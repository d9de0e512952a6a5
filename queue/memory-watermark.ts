/**
 * Whether Redis has room for submissions, so that Submit says so before Redis says OOM. Redis is asked once a second and whenever
 * much was let in since; in between, what was let in is added up. Servers know nothing of each other's: a look comes so
 * early that eight of them fill no more than half of what is left.
 */

import type { Redis } from 'ioredis';
import { infoField } from './optional-info.ts';

const lookMs = 1_000;
/** A refusal rests on a look of at most this age: memory may have been freed. */
const refusalMs = 100;
/** What a task takes besides its payload, about. */
const taskBytes = 1_024;
/** Looks come after this part of what is left. */
const part = 1 / 16;

export class MemoryWatermark {
  readonly #redis: Redis;
  readonly #fraction: number;
  /** What submissions may fill, and how much is let in without a look. */
  #mark = Number.POSITIVE_INFINITY;
  #stride = Number.POSITIVE_INFINITY;
  #used = 0;
  #admitted = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #admittedAtLook = 0;
  #look: Promise<void> | undefined;

  /** `fraction` of maxmemory, 0 to 1. */
  constructor(redis: Redis, fraction: number) {
    this.#redis = redis;
    this.#fraction = fraction;
  }

  /**
   * For each submission, with so many bytes of payload, whether it may go to Redis, where it then counts as used. `time` is any
   * monotonic milliseconds.
   */
  async admit(payloads: readonly number[], time: number): Promise<boolean[]> {
    const wanted = payloads.reduce((sum, bytes) => sum + bytes + taskBytes, 0);
    // A look that is under way was perhaps sent before what was let in since.
    await this.#look;
    if (this.#isDue(wanted, time)) {
      this.#look ??= this.#lookNow(time).finally(() => {
        this.#look = undefined;
      });
      await this.#look;
    }
    return payloads.map((bytes) => this.#take(bytes + taskBytes));
  }

  #isDue(wanted: number, time: number): boolean {
    const age = time - this.#lookedAt;
    const since = this.#admitted - this.#admittedAtLook;
    const taken = Math.min(wanted, Math.max(this.#room(), 0));
    return age >= lookMs || (taken < wanted && age >= refusalMs) || (taken > 0 && since + taken > this.#stride);
  }

  #take(bytes: number): boolean {
    if (bytes > this.#room()) return false;
    this.#admitted += bytes;
    return true;
  }

  #room(): number {
    return this.#mark - this.#used - (this.#admitted - this.#admittedAtLook);
  }

  async #lookNow(time: number): Promise<void> {
    const admitted = this.#admitted;
    // Where it may not be read there is no watermark: Redis itself says OOM.
    const memory = await this.#redis.info('memory');
    const read = (name: string) => Number(infoField(memory, name));
    // As Redis itself reckons: without the buffers of replicas and of the append-only file.
    this.#used = read('used_memory') - read('mem_not_counted_for_evict');
    const most = read('maxmemory') || Number.POSITIVE_INFINITY;
    this.#mark = most * this.#fraction;
    this.#stride = Math.max(most - this.#used, 0) * part;
    this.#admittedAtLook = admitted;
    this.#lookedAt = time;
  }
}
