/** Submits the plan at an even pace over all clients, and waits for what they were promised. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Entry } from '../oracle/entry.ts';
import type { LoadClient } from './clients.ts';
import { ManyStream } from './many.ts';
import type { Planned } from './plan.ts';
import { type LoadParts, runSingle } from './single.ts';

const tickMs = 20;
/** So many may be under way one by one: an outage must not pile up calls without end. */
const mostSingle = 1_500;
const mostOnStreams = 8_000;

export class Load {
  readonly #parts: LoadParts;
  readonly #streams: ManyStream[];
  readonly #singles = new Set<Promise<void>>();
  /** What has been handed over; open ones included. */
  submitted = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    this.#streams = parts.clients.slice(0, 2).map((client) => new ManyStream(parts, client));
  }

  /** Tasks under way. */
  get open(): number {
    return this.#singles.size + this.#onStreams;
  }

  get #onStreams(): number {
    return this.#streams.reduce((sum, { open }) => sum + open, 0);
  }

  /** Resolves when all are handed over, which takes `withinMs`, or longer where the broker cannot follow; or when `over` fires. */
  async submit(plan: readonly Planned[], withinMs: number, over: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    for (const planned of plan) {
      const due = (withinMs * this.submitted) / plan.length;
      while (performance.now() - startedAt < due || this.#singles.size >= mostSingle || this.#onStreams >= mostOnStreams) {
        if (over.aborted) return;
        await pause(tickMs);
      }
      this.#hand(this.#parts.ledger.open(planned), this.submitted++);
    }
  }

  /** Resolves when every task has ended, or it is time to give up. */
  async end(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await Promise.all([...this.#singles, ...this.#streams.map(({ done }) => done)]);
  }

  #hand(entry: Entry, turn: number): void {
    if (entry.planned.way === 'many') {
      this.#streams[turn % this.#streams.length]?.push(entry);
      return;
    }
    const { clients } = this.#parts;
    const running = runSingle(this.#parts, clients[turn % clients.length] as LoadClient, entry).finally(() =>
      this.#singles.delete(running),
    );
    this.#singles.add(running);
  }
}
