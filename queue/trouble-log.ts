/**
 * What the operator's log says about calls to Redis that failed. An outage: one line when it begins and one when it is over. A refusal
 * or a fault: at most one line a minute of each kind, and one more when a refusal is over.
 */

import { randomUUID } from 'node:crypto';
import type { Failure } from './classify.ts';
import type { StoreNotice } from './queue.ts';

const repeatMs = 60_000;

interface Refusal {
  /** The verbs that were refused and have not succeeded since. */
  verbs: Set<string>;
  since: number;
  calls: number;
  saidAt: number;
  /** Whether the log knows of this refusal, and so wants to know of its end. */
  said: boolean;
}

export class TroubleLog {
  readonly #say: (notice: StoreNotice) => void;
  readonly #now: () => number;
  #awaySince: number | undefined;
  readonly #refusals = new Map<string, Refusal>();
  /** Verbs of all refusals: while there are none, a success is no news. */
  #refusedVerbs = 0;
  readonly #faults = new Map<string, { id: string; saidAt: number }>();
  readonly #warnedAt = new Map<string, number>();

  /** `now` is any monotonic clock, in milliseconds. */
  constructor(say: (notice: StoreNotice) => void, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#now = now;
  }

  /** The connection is lost, or could not be made again. */
  disconnected(problem: Failure): void {
    if (problem.kind === 'refusing') this.refused('connect', problem);
    else this.away(problem.words);
  }

  /** The store cannot be reached. `problem` is for operators. */
  away(problem: string): void {
    if (this.#awaySince !== undefined) return;
    this.#awaySince = this.#now();
    this.#say({ level: 'warn', message: 'Redis cannot be reached; trying again until it answers', details: { problem } });
  }

  /** Redis refused a call. */
  refused(verb: string, { code, words }: Failure): void {
    const now = this.#now();
    const refusal = this.#refusals.get(code) ?? { verbs: new Set(), since: now, calls: 0, saidAt: Number.NEGATIVE_INFINITY, said: false };
    this.#refusals.set(code, refusal);
    if (refusal.verbs.size === 0) Object.assign(refusal, { since: now, calls: 0, said: false });
    if (!refusal.verbs.has(verb)) this.#refusedVerbs += 1;
    refusal.verbs.add(verb);
    refusal.calls += 1;
    if (now - refusal.saidAt < repeatMs) return;
    Object.assign(refusal, { saidAt: now, said: true });
    this.#say({ level: 'warn', message: 'Redis refuses calls', details: { code, problem: words, call: verb, calls: refusal.calls } });
  }

  /** A call failed and would fail again. Returns the id of the line about it, which may be up to a minute old. */
  fault(verb: string, { code, words }: Failure, error: unknown): string {
    const now = this.#now();
    for (const [key, { saidAt }] of this.#faults) if (now - saidAt >= repeatMs) this.#faults.delete(key);
    const key = `${verb} ${words}`;
    const known = this.#faults.get(key);
    if (known !== undefined) return known.id;
    const id = randomUUID();
    this.#faults.set(key, { id, saidAt: now });
    this.#say({ level: 'error', message: 'unexpected error in a call to Redis', details: { id, call: verb, code, err: error } });
    return id;
  }

  /** Something is odd, though calls work. */
  warn(message: string, problem: string): void {
    const now = this.#now();
    if (now - (this.#warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    this.#warnedAt.set(message, now);
    this.#say({ level: 'warn', message, details: { problem } });
  }

  /** A call succeeded: an outage is over, and so may be a refusal. */
  answered(verb: string): void {
    if (this.#awaySince !== undefined) {
      const afterMs = Math.round(this.#now() - this.#awaySince);
      this.#awaySince = undefined;
      this.#say({ level: 'info', message: 'Redis answers again', details: { afterMs } });
    }
    if (this.#refusedVerbs > 0) this.#accepted(verb);
  }

  #accepted(verb: string): void {
    for (const [code, { verbs, said, calls, since }] of this.#refusals) {
      if (!verbs.has(verb)) continue;
      // A permission is one verb's. All else that Redis refuses it refuses to all that were refused.
      const over = code === 'NOPERM' ? [verb] : [...verbs];
      for (const one of over) verbs.delete(one);
      this.#refusedVerbs -= over.length;
      const afterMs = Math.round(this.#now() - since);
      if (verbs.size === 0 && said) this.#say({ level: 'info', message: 'Redis accepts calls again', details: { code, calls, afterMs } });
    }
  }
}
