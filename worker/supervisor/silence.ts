/** Notices an executor that does not answer: its main thread hangs, and its leases run out unseen. */

/** All times on one monotonic clock, milliseconds. */
export class Silence {
  readonly #limitMs: number;
  readonly #beatMs: number;
  /** When the oldest unanswered ping was sent. */
  #unansweredSince: number | undefined;
  #lastBeat: number | undefined;
  #limitNow: number;

  /** `limitMs` is how long one may be silent, `startLimitMs` how long before its first answer: a process takes time to boot. */
  constructor(limitMs: number, startLimitMs: number, beatMs: number) {
    this.#limitMs = limitMs;
    this.#limitNow = Math.max(limitMs, startLimitMs);
    this.#beatMs = beatMs;
  }

  /** To be called when a ping is about to be sent. Whether the silence has lasted too long. */
  beat(now: number): boolean {
    const late = this.#lastBeat !== undefined && now - this.#lastBeat > 2 * this.#beatMs;
    this.#lastBeat = now;
    this.#unansweredSince ??= now;
    // A beat that comes late says that we were the ones who slept: answers may be waiting unread.
    if (late) this.#unansweredSince = now;
    return now - this.#unansweredSince > this.#limitNow;
  }

  answered(): void {
    this.#unansweredSince = undefined;
    this.#limitNow = this.#limitMs;
  }
}
