/** From how a run ended to what the queue is told. */

import { limits } from '@inferq/core/limits.ts';
import { type RetryPolicy, retryDelayMs } from '@inferq/core/model.ts';
import type { TaskError, TaskErrorCode } from '@inferq/core/task.ts';
import type { RunFacts, Settlement } from '@inferq/queue/queue.ts';
import type { EngineOutcome } from '../engine.ts';
import type { Held } from './ledger.ts';

/** The facts of an attempt that never ran. */
export const neverRan: RunFacts = { ranMs: 0, batchTasks: 0, batchRows: 0 };

/** What the engine's outcome means. `random` is in [0, 1) and spreads retries. */
export function settlementOf(held: Held, outcome: EngineOutcome, facts: RunFacts, retry: RetryPolicy, random: number): Settlement {
  const attempt = { id: held.task.id, token: held.task.token, ...facts };
  if (outcome.kind === 'complete') {
    if (outcome.output.byteLength > limits.outputBytes) return { ...attempt, verb: 'fail', error: tooLarge(outcome.output.byteLength) };
    return { ...attempt, verb: 'complete', output: outcome.output, partial: outcome.partial };
  }
  if (held.cancelRequested) return { ...attempt, verb: 'cancel' };
  if (outcome.kind === 'suspect') return { ...attempt, verb: 'release', solo: true };
  if (held.softFired) return { ...attempt, verb: 'fail', error: softLimitPassed(held, outcome.error) };
  if (!outcome.retry) return { ...attempt, verb: 'fail', error: outcome.error };
  return { ...attempt, verb: 'retry', error: outcome.error, delayMs: retryDelayMs(retry, held.task.chargedAttempts + 1, random) };
}

/** Gives an attempt back, uncharged; `solo` where it must next run alone. */
export function releaseOf(held: Held, facts: RunFacts, solo: boolean): Settlement {
  return { id: held.task.id, token: held.task.token, ...facts, verb: 'release', solo };
}

/** Ends an attempt of which cancellation was asked, without its outputs. */
export function cancelOf(held: Held, facts: RunFacts): Settlement {
  return { id: held.task.id, token: held.task.token, ...facts, verb: 'cancel' };
}

/** Fails an attempt for a reason of the executor's own. */
export function failureOf(held: Held, facts: RunFacts, error: TaskError): Settlement {
  return { id: held.task.id, token: held.task.token, ...facts, verb: 'fail', error };
}

function sentence(code: TaskErrorCode, message: string, detail = ''): TaskError {
  return { code, message, detail };
}

function tooLarge(bytes: number): TaskError {
  return sentence('OUTPUT_TOO_LARGE', `The outputs have ${bytes} bytes; at most ${limits.outputBytes} are stored.`);
}

function softLimitPassed(held: Held, error: TaskError): TaskError {
  const seconds = (held.task.softLimitMs ?? 0) / 1_000;
  return sentence('SOFT_TIME_LIMIT', `The run passed its soft time limit of ${seconds} s.`, error.message);
}

export function hardLimitPassed(held: Held): TaskError {
  return sentence('HARD_TIME_LIMIT', `The run passed its hard time limit of ${held.task.hardLimitMs / 1_000} s.`);
}

export function streamedTooMuch(): TaskError {
  return sentence('OUTPUT_TOO_LARGE', `The task streamed more than ${limits.chunkBytesPerTask} bytes of chunks.`);
}

export function notStorable(): TaskError {
  return sentence('MODEL_ERROR', "What the task streamed could not be stored because of an unexpected error, which the worker's log has.");
}
