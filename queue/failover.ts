/**
 * Finds the new master after a failover. A Redis that was demoted keeps its connections open and answers READONLY: only a new
 * connection, for which the host name is resolved again, can reach the server that took over.
 */

import type { Redis } from 'ioredis';

/** A replica that nobody promotes is asked for no new connection more often. */
const pauseMs = 1_000;
/** How long calls wait for the new connection. */
const patienceMs = 2_000;

export class Failover {
  readonly #redis: Redis;
  readonly #onMoved: () => void;
  /** Counts connections. */
  #connection = 0;
  #movedAt = Number.NEGATIVE_INFINITY;
  #moving: Promise<void> | undefined;

  /** `onMoved` is called when a new connection is there: others of the same process must follow it. */
  constructor(redis: Redis, onMoved: () => void = () => {}) {
    this.#redis = redis;
    this.#onMoved = onMoved;
    redis.on('ready', () => {
      this.#connection += 1;
    });
  }

  /** The number of the connection that a call which is sent now uses. */
  get connection(): number {
    return this.#connection;
  }

  /** Pending while the connection is being replaced. */
  get moving(): Promise<void> | undefined {
    return this.#moving;
  }

  /** Whether a call that was answered READONLY on this connection is worth sending once more; resolves when it may be sent. */
  async move(connection: number): Promise<boolean> {
    if (this.#moving === undefined && connection === this.#connection) {
      if (performance.now() - this.#movedAt < pauseMs) return false;
      this.#moving = this.#replace().finally(() => {
        this.#moving = undefined;
      });
    }
    await this.#moving;
    return true;
  }

  /** Whether the connection is being replaced, so that a call that found it closed is worth sending once more; resolves when it may be sent. */
  async follow(): Promise<boolean> {
    if (this.#moving === undefined) return false;
    await this.#moving;
    return true;
  }

  async #replace(): Promise<void> {
    this.#movedAt = performance.now();
    const ready = Promise.withResolvers<void>();
    const moved = () => {
      this.#onMoved();
      ready.resolve();
    };
    const timer = setTimeout(ready.resolve, patienceMs);
    this.#redis.once('ready', moved);
    this.#redis.disconnect(true);
    await ready.promise;
    clearTimeout(timer);
    this.#redis.off('ready', moved);
  }
}
