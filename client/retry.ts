/**
 * When to try again: always after UNAVAILABLE, after RESOURCE_EXHAUSTED only if the server says when, and after nothing else.
 * Submits carry idempotency keys and all other calls are idempotent, so every call may be repeated.
 */

import type { Clock } from './clock.ts';
import { AbortedError, DeadlineError, type InferqError, OverloadedError, UnavailableError } from './errors.ts';
import type { Reconnection } from './reconnection.ts';

export interface RetryPolicy {
  /** The delay before the second try. */
  initialDelayMs: number;
  factor: number;
  maxDelayMs: number;
  /** Tries in a row without any success, including the first. */
  maxAttempts: number;
  /** How long to retry a broken stream, or a call without a deadline, before its error is thrown. */
  outageMs: number;
  /** Called with each failure after which the call or stream is tried again. */
  onRetry?: (error: InferqError) => void;
}

export const defaultRetry: RetryPolicy = {
  initialDelayMs: 100,
  factor: 2,
  maxDelayMs: 5_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  outageMs: 300_000,
};

/** Milliseconds before the next try after `failures` failed ones: doubling by default, drawn from the upper half of that value. */
export function backoffMs(policy: RetryPolicy, failures: number, random: number): number {
  const full = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.factor ** (failures - 1));
  return full / 2 + (full / 2) * random;
}

/** Milliseconds before the next try, never less than the server asks for; undefined if the call must not be tried again. */
export function retryDelayMs(policy: RetryPolicy, error: unknown, failures: number, random: number): number | undefined {
  const passing = error instanceof UnavailableError || (error instanceof OverloadedError && error.retryAfterMs !== undefined);
  if (!passing || failures >= policy.maxAttempts) return undefined;
  return Math.max((error as InferqError).retryAfterMs ?? 0, backoffMs(policy, failures, random));
}

/** Whether a try failed because there was no connection: then it is worth trying again as soon as there is one. */
function disconnected(error: unknown): boolean {
  return error instanceof UnavailableError && (error.reason === '' || error.reason === 'SHUTTING_DOWN');
}

/** Counts failures in a row and waits between them. */
export class Retries {
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #reconnection: Pick<Reconnection, 'onNext'> | undefined;
  #failures = 0;
  #deadline: number | undefined;
  #before: unknown;

  /**
   * Retries end at `deadline` (epoch ms), or without one, `outageMs` after the first failure in a row. With `reconnection`, a wait after a
   * lost connection ends as soon as the connection is back.
   */
  constructor(policy: RetryPolicy, clock: Clock, deadline?: number, reconnection?: Pick<Reconnection, 'onNext'>) {
    this.#policy = policy;
    this.#clock = clock;
    this.#deadline = deadline;
    this.#reconnection = reconnection;
  }

  /** An answer or event arrived: the next failure is the first of a new outage. Only for retries without a deadline. */
  succeeded(): void {
    this.#failures = 0;
    this.#deadline = undefined;
    this.#before = undefined;
  }

  /** Counts a failure. Returns the milliseconds until the next try, or undefined if there must be none or it would be too late. */
  delayMs(error: unknown): number | undefined {
    this.#failures++;
    const delay = retryDelayMs(this.#policy, error, this.#failures, this.#clock.random());
    this.#deadline ??= this.#clock.now() + this.#policy.outageMs;
    return delay !== undefined && this.#clock.now() + delay < this.#deadline ? delay : undefined;
  }

  /**
   * Waits until it is time to try again. Throws `error` if there is no next try, AbortedError on abort. If the deadline cut the last try
   * short and the try before it could not reach the server, throws the error of that earlier try, because it says more.
   */
  async wait(error: unknown, signal?: AbortSignal): Promise<void> {
    const delay = this.delayMs(error);
    const unreachable = error instanceof DeadlineError && this.#before instanceof UnavailableError;
    if (delay === undefined) throw unreachable ? this.#before : error;
    this.#before = error;
    this.#policy.onRetry?.(error as InferqError);
    await this.#pause(delay, disconnected(error), signal);
  }

  async #pause(ms: number, untilConnected: boolean, signal: AbortSignal | undefined): Promise<void> {
    const connected = new AbortController();
    const forget = untilConnected ? this.#reconnection?.onNext(() => connected.abort()) : undefined;
    try {
      await this.#clock.sleep(ms, signal ? AbortSignal.any([signal, connected.signal]) : connected.signal);
    } catch (reason) {
      if (signal?.aborted) throw new AbortedError(signal);
      if (!connected.signal.aborted) throw reason;
    } finally {
      forget?.();
    }
  }
}
