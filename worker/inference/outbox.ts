/** What the inference thread has to tell, gathered so that what belongs together travels in one message. */

import type { EngineFacts, EngineOutcome } from '../engine.ts';
import type { ThreadEvent } from './messages.ts';
import { passable } from './messages.ts';

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

  callEnded(run: number): void {
    this.#add({ kind: 'callEnded', run });
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
    if (events.length > 0) this.#post(events, handOver(events));
  }
}

/** Puts what the events carry into memory of its own, and names that memory. */
function handOver(events: readonly ThreadEvent[]): ArrayBuffer[] {
  const carriers = events.filter(carries);
  const { bytes, transfer } = passable(carriers.map((event) => (event.kind === 'chunk' ? event.payload : event.outcome.output)));
  for (const [index, event] of carriers.entries()) {
    const own = bytes[index] as Uint8Array;
    if (event.kind === 'chunk') event.payload = own;
    else event.outcome.output = own;
  }
  return transfer;
}

type Carrier =
  | Extract<ThreadEvent, { kind: 'chunk' }>
  | (Extract<ThreadEvent, { kind: 'settled' }> & { outcome: Extract<EngineOutcome, { kind: 'complete' }> });

function carries(event: ThreadEvent): event is Carrier {
  return event.kind === 'chunk' || (event.kind === 'settled' && event.outcome.kind === 'complete');
}
