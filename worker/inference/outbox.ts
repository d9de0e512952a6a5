/** What the inference thread has to tell, gathered so that what belongs together travels in one message. */

import type { EngineFacts, EngineOutcome } from '../engine.ts';
import { Backlog } from './backlog.ts';
import type { ThreadEvent } from './messages.ts';
import { passable } from './messages.ts';

/** Where model code's results go. */
export interface Sink {
  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void;
  /** Resolves to whether Redis has it; false: the attempt is lost. */
  chunk(key: string, payload: Uint8Array): Promise<boolean>;
  progress(key: string, fraction: number | undefined, message: string): void;
  /** Chunks that wait for their answer. */
  readonly unstored: Backlog;
  /** Tells at once what would be told at the end of the turn. */
  flush(): void;
}

/** Progress by itself is told at most this often; what comes in between replaces what came before. */
const progressMs = 50;
/** So many events are told without waiting for the end of the turn, which may be far away. */
const mostEvents = 64;

type Post = (events: ThreadEvent[], transfer: ArrayBuffer[]) => void;

export class Outbox implements Sink {
  readonly #post: Post;
  #events: ThreadEvent[] = [];
  #flushing = false;
  #chunks = 0;
  readonly unstored = new Backlog();
  readonly #waiting = new Map<number, { bytes: number; resolve: (held: boolean) => void }>();
  readonly #progress = new Map<string, ThreadEvent>();
  #progressAt = Number.NEGATIVE_INFINITY;
  #progressTimer: NodeJS.Timeout | undefined;

  constructor(post: Post) {
    this.#post = post;
  }

  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void {
    this.#progress.delete(key);
    this.#add({ kind: 'settled', key, outcome, facts });
  }

  chunk(key: string, payload: Uint8Array): Promise<boolean> {
    const chunk = this.#chunks++;
    const bytes = payload.byteLength;
    this.unstored.add(bytes);
    this.#add({ kind: 'chunk', key, chunk, payload });
    return new Promise((resolve) => this.#waiting.set(chunk, { bytes, resolve }));
  }

  /** The answer to a chunk. */
  held(chunk: number, held: boolean): void {
    const waiting = this.#waiting.get(chunk);
    if (!waiting) return;
    this.#waiting.delete(chunk);
    this.unstored.remove(waiting.bytes);
    waiting.resolve(held);
  }

  progress(key: string, fraction: number | undefined, message: string): void {
    this.#progress.set(key, { kind: 'progress', key, fraction, message });
    const waitMs = this.#progressAt + progressMs - performance.now();
    if (waitMs <= 0) this.#flushSoon();
    else this.#progressTimer ??= setTimeout(() => this.flush(), waitMs);
  }

  callEnded(run: number): void {
    this.#add({ kind: 'callEnded', run });
  }

  flush(): void {
    const events = [...this.#progress.values(), ...this.#events];
    if (this.#progress.size > 0) this.#progressAt = performance.now();
    clearTimeout(this.#progressTimer);
    this.#progressTimer = undefined;
    this.#flushing = false;
    this.#events = [];
    this.#progress.clear();
    if (events.length > 0) this.#post(events, handOver(events));
  }

  #add(event: ThreadEvent): void {
    if (this.#events.push(event) < mostEvents) this.#flushSoon();
    else this.flush();
  }

  /** A microtask comes before the next native call can block the thread. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.flush());
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
