/** Tells the queue how attempts ended, and does not rest before it has answered. */

import { limits } from '@inferq/core/limits.ts';
import type { ClaimOutcome, ClaimRequest, ExecutionQueue, Settlement } from '@inferq/queue/queue.ts';
import type { Clock } from './clock.ts';
import type { Held, Ledger } from './ledger.ts';

const retryMs = 200;

export class Settler {
  readonly #queue: ExecutionQueue;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #onAnswered: () => void;
  #waiting: { held: Held; settlement: Settlement }[] = [];
  #open = 0;

  /** `onAnswered` is called after each answer. */
  constructor(queue: ExecutionQueue, ledger: Ledger, clock: Clock, onAnswered: () => void) {
    this.#queue = queue;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#onAnswered = onAnswered;
  }

  /** Decides how a live attempt ends; sent with the next `send`. */
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
   * Sends what waits and, with it, a claim. Resolves to the claim's outcome, and rejects where its answer was lost; the
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

  async #settle(batch: { held: Held; settlement: Settlement }[], next?: ClaimRequest): Promise<ClaimOutcome | undefined> {
    const answer = await this.#queue.settle(
      batch.map(({ settlement }) => settlement),
      next,
    );
    for (const { held } of batch) this.#ledger.gone(held, this.#clock.now());
    this.#open -= batch.length;
    this.#onAnswered();
    return answer.next;
  }

  async #sendAgain(batch: { held: Held; settlement: Settlement }[]): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.#clock.after(retryMs, resolve));
      try {
        await this.#settle(batch);
        return;
      } catch {
        // Redis is away: the connection reports it, and the outcome waits.
      }
    }
  }
}
