/** Sends settlements to the queue, and repeats them until they are answered. */

import { limits } from '@inferq/core/limits.ts';
import type { ClaimOutcome, ClaimRequest, ExecutionQueue, Settlement } from '@inferq/queue/queue.ts';
import type { Clock } from './clock.ts';
import { isolate } from './isolate.ts';
import type { Held, Ledger } from './ledger.ts';

const retryMs = 200;

interface Waiting {
  held: Held;
  settlement: Settlement;
}

export class Settler {
  readonly #queue: ExecutionQueue;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #onAnswered: () => void;
  #waiting: Waiting[] = [];
  #open = 0;

  /** `onAnswered` is called after each answer. */
  constructor(queue: ExecutionQueue, ledger: Ledger, clock: Clock, onAnswered: () => void) {
    this.#queue = queue;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#onAnswered = onAnswered;
  }

  /** Adds the settlement of a live attempt; the next `send` sends it. */
  add(held: Held, settlement: Settlement): void {
    this.#ledger.settling(held, this.#clock.now());
    this.#waiting.push({ held, settlement });
    this.#open += 1;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether every settlement was answered. */
  get done(): boolean {
    return this.#open === 0;
  }

  /**
   * Sends the waiting settlements and, with them, a claim. Resolves to the claim's outcome, and rejects if the answer was lost; the
   * settlements are then sent again until they are answered.
   */
  async send(next?: ClaimRequest): Promise<ClaimOutcome | undefined> {
    const batch = this.#waiting.splice(0, limits.itemsPerCall);
    if (this.#waiting.length > 0) void this.send().catch(() => undefined);
    try {
      return await this.#settle(batch, next);
    } catch (error) {
      void this.#sendAgain(batch);
      throw error;
    }
  }

  async #settle(batch: readonly Waiting[], next?: ClaimRequest): Promise<ClaimOutcome | undefined> {
    const answer = await this.#queue.settle(
      batch.map(({ settlement }) => settlement),
      next,
    );
    this.#answered(batch);
    return answer.next;
  }

  #answered(batch: readonly Waiting[]): void {
    for (const { held } of batch) this.#ledger.gone(held, this.#clock.now());
    this.#open -= batch.length;
    this.#onAnswered();
  }

  /** A settlement that cannot be stored is dropped: others take over its task when the lease expires, until it ends as WORKER_LOST. */
  async #sendAgain(batch: readonly Waiting[]): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.#clock.after(retryMs, resolve));
      try {
        await isolate(batch, async (some) => (await this.#queue.settle(some.map(({ settlement }) => settlement))).outcomes);
        this.#answered(batch);
        return;
      } catch {
        // Redis is away or refuses, which is already in the log; try again.
      }
    }
  }
}
