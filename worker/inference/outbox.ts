/** What the inference thread has to tell, gathered so that what belongs together travels in one message. */

import type { EngineFacts, EngineOutcome, ModelRef } from '../engine.ts';
import type { ThreadEvent } from './messages.ts';
import { ownBytes } from './messages.ts';

/** Where model code's results go. */
export interface Sink {
  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void;
  /** Resolves to whether Redis has it; false: the attempt is lost. */
  chunk(key: string, payload: Uint8Array): Promise<boolean>;
  progress(key: string, fraction: number | undefined, message: string): void;
}

type Post = (events: ThreadEvent[], transfer: ArrayBuffer[]) => void;

export class Outbox implements Sink {
  readonly #post: Post;
  #events: ThreadEvent[] = [];
  #flushing = false;
  #chunks = 0;
  readonly #waiting = new Map<number, (held: boolean) => void>();
  readonly #progress = new Map<string, ThreadEvent>();

  constructor(post: Post) {
    this.#post = post;
  }

  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void {
    this.#progress.delete(key);
    this.#add({ kind: 'settled', key, outcome, facts });
  }

  chunk(key: string, payload: Uint8Array): Promise<boolean> {
    const chunk = this.#chunks++;
    this.#add({ kind: 'chunk', key, chunk, payload });
    return new Promise((resolve) => this.#waiting.set(chunk, resolve));
  }

  /** The answer to a chunk. */
  held(chunk: number, held: boolean): void {
    this.#waiting.get(chunk)?.(held);
    this.#waiting.delete(chunk);
  }

  /** Only the latest of a turn is told. */
  progress(key: string, fraction: number | undefined, message: string): void {
    if (this.#progress.size === 0) setImmediate(() => this.#flush());
    this.#progress.set(key, { kind: 'progress', key, fraction, message });
  }

  callEnded(model: ModelRef, live: number): void {
    this.#add({ kind: 'callEnded', model, live });
  }

  /** A microtask comes before the next native call can block the thread. */
  #add(event: ThreadEvent): void {
    this.#events.push(event);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const events = [...this.#progress.values(), ...this.#events];
    this.#flushing = false;
    this.#events = [];
    this.#progress.clear();
    if (events.length > 0) this.#post(events, events.flatMap(takeMemory));
  }
}

/** Puts the event's payload into memory of its own, and names that memory. */
function takeMemory(event: ThreadEvent): ArrayBuffer[] {
  if (event.kind === 'chunk') {
    const payload = ownBytes(event.payload);
    event.payload = payload;
    return [payload.buffer];
  }
  if (event.kind === 'settled' && event.outcome.kind === 'complete') {
    const output = ownBytes(event.outcome.output);
    event.outcome.output = output;
    return [output.buffer];
  }
  return [];
}
