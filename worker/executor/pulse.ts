/** Whether the inference thread is alive: it answers pings unless a call blocks it. */

import type { Engine } from '../engine.ts';

export class Pulse {
  readonly #engine: Pick<Engine, 'ping'>;
  #askedAt: number | undefined;

  constructor(engine: Pick<Engine, 'ping'>) {
    this.#engine = engine;
  }

  /** Pings the thread, unless it still owes an answer. `now` is on the executor's clock. */
  feel(now: number): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = now;
    this.#engine.ping(() => {
      this.#askedAt = undefined;
    });
  }

  /** How long it has owed an answer. */
  missingMs(now: number): number {
    return now - (this.#askedAt ?? now);
  }
}
