/** A constant rate of tasks, and what else clients and operators do at intervals. */

import { setTimeout as pause } from 'node:timers/promises';
import { failAndRedrive } from './ending.ts';
import { drawWay } from './mix.ts';
import { operate } from './operator.ts';
import { type LoadParts, waitMs } from './parts.ts';
import { WrongAnswer } from './tally.ts';
import { visit } from './visitor.ts';

const tickMs = 20;
/** With the tasks of so long under way, the machine cannot carry the rate: nothing is steady that could be measured. */
const mostBehindMs = 30_000;
/** More than anything waits for its answer. */
const endLimitMs = waitMs + 30_000;

const intervals: readonly { name: string; everyMs: number; run(parts: LoadParts): Promise<void> }[] = [
  { name: 'visits by new clients', everyMs: 3_000, run: visit },
  { name: "rounds of an operator's calls", everyMs: 2_000, run: operate },
  { name: 'executor crashed, and redriven', everyMs: 20_000, run: (parts) => failAndRedrive(parts, { crash: true }) },
];

export class Load {
  readonly #parts: LoadParts;
  readonly #open = new Set<Promise<void>>();

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  /** Tasks and calls under way. */
  get open(): number {
    return this.#open.size;
  }

  /** Makes load for so long, or until `stop` fires. */
  async run(forMs: number, rate: number, stop: AbortSignal): Promise<void> {
    const beginsAt = performance.now();
    const timers = intervals.map(({ name, everyMs, run }) => setInterval(() => this.#begin(name, run), everyMs));
    try {
      for (let begun = 0; !stop.aborted; ) {
        const passed = performance.now() - beginsAt;
        if (passed >= forMs) return;
        for (; begun < (passed * rate) / 1_000; begun++) {
          const way = drawWay(this.#parts.chance);
          this.#begin(way.name, way.run);
        }
        if (this.#open.size > (mostBehindMs * rate) / 1_000) {
          this.#parts.tally.violate('load', new WrongAnswer(`${this.#open.size} tasks are under way: give a lower --rate`));
          return;
        }
        await pause(tickMs);
      }
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
  }

  /** Resolves when all that was begun has ended, or is a violation because it has not. */
  async end(): Promise<void> {
    const ended = Promise.all(this.#open).then(() => Promise.all(this.#parts.streams.map((stream) => stream.close())));
    const over = new AbortController();
    await Promise.race([ended, pause(endLimitMs, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
    if (this.open > 0) this.#parts.tally.violate('load', new WrongAnswer(`${this.open} tasks did not end`));
  }

  #begin(name: string, run: (parts: LoadParts) => Promise<void>): void {
    const { tally } = this.#parts;
    const running = run(this.#parts)
      .then(
        () => tally.succeed(name),
        (error) => tally.violate(name, error),
      )
      .finally(() => this.#open.delete(running));
    this.#open.add(running);
  }
}
