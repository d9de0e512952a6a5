/** Holds a watch to its promises: rising sequences, chunks without a gap, and an end that nothing follows. */

import { isTerminal, type WatchEvent } from '@inferq/client/index.ts';
import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';

export class WatchCheck {
  readonly #ledger: Ledger;
  readonly #entry: Entry;
  readonly #by: string;
  readonly #events: string[] = [];
  // The snapshot before a replay of chunks has 0.
  #sequence = -1;
  #attempt = 0;
  #nextChunk = 0;
  #lastAt = 0;
  #ended = false;

  /** `by` names the watcher for people. */
  constructor(ledger: Ledger, entry: Entry, by: string) {
    this.#ledger = ledger;
    this.#entry = entry;
    this.#by = by;
  }

  get ended(): boolean {
    return this.#ended;
  }

  take(event: WatchEvent): void {
    this.#events.push(shown(event));
    if (this.#ended) this.#violate(`got ${shown(event)} after the end`);
    if (event.kind !== 'restarted') this.#rise(event.sequence);
    if (event.attempt > this.#attempt) {
      this.#attempt = event.attempt;
      this.#nextChunk = 0;
    }
    if (event.kind === 'chunk') this.#chunk(event);
    // A watch tells what happened in order: only its end says how the task stands now.
    if ((event.kind === 'state' || event.kind === 'snapshot') && isTerminal(event.task.state)) {
      this.#ledger.see(this.#entry, event.task, this.#by, Date.now());
      this.#end(event.task.state, event.task.partial);
    }
    this.#lastAt = Date.now();
  }

  /** Nothing more comes. */
  close(why: string): void {
    if (!this.#ended && !this.#excused()) this.#violate(`never got its end: ${why}`);
    this.#entry.watches.push(`${this.#by}: ${this.#events.join(', ')}`);
  }

  #rise(sequence: number): void {
    if (sequence <= this.#sequence && !this.#excused()) this.#violate(`got sequence ${sequence} after ${this.#sequence}`);
    this.#sequence = sequence;
  }

  #chunk(event: Extract<WatchEvent, { kind: 'chunk' }>): void {
    if (event.attempt < this.#attempt) this.#violate(`got a chunk of attempt ${event.attempt} in attempt ${this.#attempt}`);
    if (event.index !== this.#nextChunk && !this.#excused()) this.#violate(`got chunk ${event.index} instead of ${this.#nextChunk}`);
    this.#nextChunk = event.index + 1;
  }

  #end(state: string, partial: boolean): void {
    this.#ended = true;
    const { chunks } = this.#entry.planned;
    if (state === 'SUCCEEDED' && !partial && this.#nextChunk !== chunks && !this.#excused()) {
      this.#violate(`got ${this.#nextChunk} of ${chunks} chunks`);
    }
  }

  #excused(): boolean {
    return this.#ledger.excused(this.#lastAt) || this.#ledger.excused(this.#entry.acknowledgedAt);
  }

  #violate(sentence: string): void {
    this.#ledger.violate(`${this.#by} ${sentence}`, this.#entry);
  }
}

function shown(event: WatchEvent): string {
  const what = event.kind === 'chunk' ? `chunk ${event.index}` : 'task' in event ? event.task.state : event.kind;
  return `${event.sequence}/${event.attempt} ${what}`;
}
