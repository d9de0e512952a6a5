/** A steady flow of short tasks, each submitted and waited for by a client. */

import { setTimeout as pause } from 'node:timers/promises';
import { UnavailableError } from '@inferq/client/index.ts';
import { eventually } from '@inferq/test/support/stack.ts';
import type { Bench } from './bench.ts';

const everyMs = 25;
const tryAgainMs = 100;

/** Times are epoch milliseconds, as the client saw them. */
interface Result {
  acknowledgedAt: number;
  seenAt: number;
}

export class Flow {
  readonly #bench: Bench;
  readonly #results: Result[] = [];
  readonly #failures: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(bench: Bench) {
    this.#bench = bench;
    this.#timer = setInterval(() => {
      const one = this.#one()
        .catch((error) => void this.#failures.push(String(error)))
        .finally(() => this.#underWay.delete(one));
      this.#underWay.add(one);
    }, everyMs);
  }

  /** Resolves when a client has got a result after this moment. */
  async resultAfter(moment: number): Promise<void> {
    await eventually('a result comes', () => this.#results.some(({ seenAt }) => seenAt >= moment));
  }

  /** Submits nothing more and waits for the rest. `failures` has a sentence for each that was acknowledged and did not succeed. */
  async end(): Promise<{ results: readonly Result[]; failures: readonly string[] }> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    return { results: this.#results, failures: this.#failures };
  }

  async #one(): Promise<void> {
    const submitted = await this.#bench.submit('echo').catch((error) => {
      // Nothing was promised.
      if (error instanceof UnavailableError) return undefined;
      throw error;
    });
    if (!submitted) return;
    const acknowledgedAt = Date.now();
    for (;;) {
      try {
        const [task] = await this.#bench.ended([submitted]);
        if (task?.state !== 'SUCCEEDED') throw new Error(`task ${submitted.taskId} is ${task?.state}: ${task?.error?.message}`);
        this.#results.push({ acknowledgedAt, seenAt: Date.now() });
        return;
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        await pause(tryAgainMs);
      }
    }
  }
}
