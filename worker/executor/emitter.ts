/** Streams pieces of output and progress to the queue: one call at a time, with all that came up since the last one. */

import { limits } from '@inferq/core/limits.ts';
import type { Emission, EmitOutcome, ExecutionQueue } from '@inferq/queue/queue.ts';
import type { Clock } from './clock.ts';
import { isolate } from './isolate.ts';
import { type Held, refOf } from './ledger.ts';

const retryMs = 200;

/** `unstorable`: the queue cannot take it, now or later. */
export type Verdict = Exclude<EmitOutcome, 'held'> | 'unstorable';

interface Unsent {
  held: Held;
  emission: Emission;
  done?: (held: boolean) => void;
}

export class Emitter {
  readonly #queue: ExecutionQueue;
  readonly #clock: Clock;
  readonly #onVerdict: (held: Held, verdict: Verdict) => void;
  #waiting: Unsent[] = [];
  #busy = false;
  /** Unanswered emissions of each attempt, and what waits for there being none. */
  readonly #unanswered = new Map<Held, number>();
  readonly #whenSent = new Map<Held, () => void>();
  readonly #nextIndex = new Map<Held, number>();

  /** `onVerdict` hears every answer that is more than "held". */
  constructor(queue: ExecutionQueue, clock: Clock, onVerdict: (held: Held, verdict: Verdict) => void) {
    this.#queue = queue;
    this.#clock = clock;
    this.#onVerdict = onVerdict;
  }

  /** `done` hears whether the attempt was still ours when Redis got the piece. */
  chunk(held: Held, payload: Uint8Array, done: (held: boolean) => void): void {
    const index = this.#nextIndex.get(held) ?? 0;
    this.#nextIndex.set(held, index + 1);
    this.#add({ held, emission: { ...refOf(held), kind: 'chunk', index, payload }, done });
  }

  /** Takes the place of progress of the same attempt that was not sent yet. */
  progress(held: Held, fraction: number | undefined, message: string): void {
    const emission: Emission = { ...refOf(held), kind: 'progress', ...(fraction === undefined ? {} : { fraction }), message };
    const older = this.#waiting.find((unsent) => unsent.held === held && unsent.emission.kind === 'progress');
    if (older) older.emission = emission;
    else this.#add({ held, emission });
  }

  /** Calls `run` once all that this attempt emitted is in Redis: at once where nothing is under way. */
  afterSent(held: Held, run: () => void): void {
    if (this.#unanswered.has(held)) this.#whenSent.set(held, run);
    else run();
    this.#nextIndex.delete(held);
  }

  /** Whether it has ended in the engine and waits for its last pieces to be sent. */
  sending(held: Held): boolean {
    return this.#whenSent.has(held);
  }

  #add(unsent: Unsent): void {
    this.#waiting.push(unsent);
    this.#unanswered.set(unsent.held, (this.#unanswered.get(unsent.held) ?? 0) + 1);
    if (!this.#busy) {
      this.#busy = true;
      this.#clock.soon(() => void this.#drain());
    }
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      const outcomes = await this.#emit(batch.map(({ emission }) => emission));
      for (const [index, unsent] of batch.entries()) this.#answered(unsent, outcomes[index] ?? 'unstorable');
    }
    this.#busy = false;
  }

  #take(): Unsent[] {
    let bytes = 0;
    let count = 0;
    for (const { emission } of this.#waiting) {
      bytes += emission.payload?.byteLength ?? 0;
      if (count > 0 && (count >= limits.itemsPerCall || bytes > limits.bytesPerCall)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** Chunks carry their index, so sending them again does not double them. */
  async #emit(emissions: Emission[]): Promise<readonly (EmitOutcome | undefined)[]> {
    for (;;) {
      try {
        return await isolate(emissions, (some) => this.#queue.emit(some));
      } catch {
        // Redis is away or refuses, which is in the log already; handlers wait.
        await new Promise<void>((resolve) => this.#clock.after(retryMs, resolve));
      }
    }
  }

  #answered({ held, done }: Unsent, outcome: EmitOutcome | 'unstorable'): void {
    const left = (this.#unanswered.get(held) ?? 1) - 1;
    if (left > 0) this.#unanswered.set(held, left);
    else this.#unanswered.delete(held);
    if (outcome !== 'held') this.#onVerdict(held, outcome);
    done?.(outcome === 'held' || outcome === 'cancel');
    if (left > 0) return;
    this.#whenSent.get(held)?.();
    this.#whenSent.delete(held);
  }
}
