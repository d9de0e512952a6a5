/** Batches that come by the inbox instead of as a claim's answer: which of them still count. */

import type { ClaimRequest, InboxMessage } from '@inferq/queue/queue.ts';

export type HandOver = Extract<InboxMessage, { kind: 'handOver' }>;

export class HandOvers {
  #seen = 0;
  #missed = false;
  #void = false;

  /** What a claim says about them. */
  asked(welcome: boolean): ClaimRequest['handOvers'] {
    return { seen: this.#seen, welcome };
  }

  /** Whether one that arrived is to be run: what was given back since it was sent is not. */
  accept({ number }: HandOver): boolean {
    if (this.#void || number <= this.#seen) return false;
    this.#seen = number;
    this.#missed = false;
    return true;
  }

  /** A claim heard that one is on its way. Whether it must be lost, because the claim before heard the same. */
  late(): boolean {
    const lost = this.#missed;
    this.#missed = !lost;
    return lost;
  }

  /** From now on until `givenBack`, one that arrives is void: what this executor does not know is being given back. */
  givingBack(): void {
    this.#void = true;
  }

  /** Nothing could be given back: what arrives is ours. */
  kept(): void {
    this.#void = false;
  }

  /** All up to this number were given back or had arrived. */
  givenBack(number: number): void {
    this.#seen = number;
    this.#void = false;
    this.#missed = false;
  }
}
