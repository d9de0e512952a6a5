/** Gives the models of one thread their turns, one after another, so that none starves behind a busy one. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelRunner } from './runner.ts';

export class Scheduler {
  readonly #runners: readonly ModelRunner[];
  #running = false;

  constructor(runners: readonly ModelRunner[]) {
    this.#runners = runners;
  }

  /** To be called when a runner got something to do. */
  async wake(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#runners.some(({ busy }) => busy)) {
      for (const runner of this.#runners) {
        if (!runner.busy) continue;
        await runner.turn();
        // Lets messages in: new tasks, aborts, acknowledged chunks.
        await nextTurn();
      }
    }
    this.#running = false;
  }
}
