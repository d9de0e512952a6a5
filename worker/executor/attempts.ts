/** What can happen to a running attempt, and what follows: it ends, streams, is cancelled, is lost, or is given up. */

import type { RetryPolicy } from '@inferq/core/model.ts';
import type { ExecutionQueue, RunFacts, Settlement } from '@inferq/queue/queue.ts';
import type { Engine, EngineFacts, EngineOutcome } from '../engine.ts';
import type { Clock } from './clock.ts';
import { Emitter, type Verdict } from './emitter.ts';
import { type Held, type Ledger, modelKey } from './ledger.ts';
import { cancelOf, failureOf, hardLimitPassed, neverRan, notStorable, releaseOf, settlementOf, streamedTooMuch } from './settlements.ts';
import type { Settler } from './settler.ts';

export interface AttemptsParts {
  engine: Engine;
  queue: ExecutionQueue;
  ledger: Ledger;
  settler: Settler;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** An attempt ended or left the engine. */
  onChange: () => void;
}

export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #emitter: Emitter;
  readonly #retries: ReadonlyMap<string, RetryPolicy>;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    this.#emitter = new Emitter(parts.queue, parts.clock, (held, verdict) => this.#emitted(held, verdict));
    this.#retries = new Map(parts.engine.models.map(({ spec }) => [modelKey(spec.name, spec.version), spec.retry]));
  }

  /** The engine is done with it. Its settlement follows once all that it streamed is in Redis. */
  ended(key: string, outcome: EngineOutcome, facts: EngineFacts): void {
    const { ledger, random, onChange } = this.#parts;
    const held = ledger.get(key);
    if (!held) return;
    ledger.leaveEngine(held);
    this.#emitter.afterSent(held, () => {
      const retry = this.#retries.get(held.model);
      if (retry) this.#settle(held, settlementOf(held, outcome, facts, retry, random()));
    });
    onChange();
  }

  chunk(key: string, payload: Uint8Array, done: (held: boolean) => void): void {
    const held = this.#parts.ledger.get(key);
    if (held?.fate === 'live') this.#emitter.chunk(held, payload, done);
    else done(false);
  }

  progress(key: string, fraction: number | undefined, message: string): void {
    const held = this.#parts.ledger.get(key);
    if (held?.fate === 'live') this.#emitter.progress(held, fraction, message);
  }

  /** Cancellation was asked for: the handler hears of it, and what has not begun ends at once. */
  cancel(held: Held): void {
    if (held.fate !== 'live' || held.cancelRequested) return;
    held.cancelRequested = true;
    if (held.inEngine) this.#parts.engine.abort(held.key, 'cancel');
    else if (!this.#emitter.sending(held)) this.#settle(held, cancelOf(held, neverRan));
  }

  /** It is no longer ours: whatever comes of it is dropped. */
  lose(held: Held): void {
    // What is being settled is lost as soon as the settlement has run: that is no news.
    if (held.fate !== 'live') return;
    this.#parts.ledger.gone(held, this.#parts.clock.now());
    this.#abandon(held);
  }

  /** Gives it back, uncharged. The engine may go on with it for a while. */
  release(held: Held, solo: boolean): void {
    this.#settle(held, releaseOf(held, this.#factsSoFar(held), solo));
    this.#abandon(held);
  }

  softLimit(held: Held): void {
    held.softFired = true;
    this.#parts.engine.abort(held.key, 'soft');
  }

  hardLimit(held: Held): void {
    const facts = this.#factsSoFar(held);
    this.#settle(held, held.cancelRequested ? cancelOf(held, facts) : failureOf(held, facts, hardLimitPassed(held)));
    this.#abandon(held);
  }

  #emitted(held: Held, verdict: Verdict): void {
    if (verdict === 'cancel') this.cancel(held);
    else if (verdict === 'lost') this.lose(held);
    else {
      this.#settle(held, failureOf(held, this.#factsSoFar(held), verdict === 'overflow' ? streamedTooMuch() : notStorable()));
      this.#abandon(held);
    }
  }

  #settle(held: Held, settlement: Settlement): void {
    if (held.fate !== 'live') return;
    this.#parts.settler.add(held, settlement);
    this.#parts.onChange();
  }

  #abandon(held: Held): void {
    if (held.inEngine) this.#parts.engine.abort(held.key, 'cancel');
    this.#parts.onChange();
  }

  /** For an attempt that did not end by itself: how long it ran, in which company. */
  #factsSoFar(held: Held): RunFacts {
    if (!held.inEngine) return neverRan;
    const company = this.#parts.ledger.entries().filter((other) => other.inEngine && other.model === held.model);
    return {
      ranMs: this.#parts.clock.now() - held.startedAt,
      batchTasks: company.length,
      batchRows: company.reduce((rows, { task }) => rows + task.rows, 0),
    };
  }
}
