/** The options of a Submit that can be judged without knowing its model. Pure. */

import { limits } from '@inferq/core/limits.ts';
import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { SubmitCommand } from '../../broker.ts';

/** Where a Submit came from, and what its call asks for besides the task. */
export interface SubmitCall {
  waitMs?: number;
  bindToCall: boolean;
  /** The call's own deadline, epoch milliseconds, Infinity without one. */
  deadline: number;
  /** An item of a stream can neither wait nor be bound. */
  inStream: boolean;
}

/** Counts and sizes. */
export function checkNumbers(command: SubmitCommand): Violation[] {
  const { priority, maxAttempts, metadata, idempotencyKey } = command;
  const wrong = [
    wholeNumber('priority', priority, limits.priority.min, limits.priority.max, '9 is first'),
    wholeNumber('max_attempts', maxAttempts, 1, limits.maxAttempts),
  ].filter((one) => one !== undefined);
  const bytes = [...metadata].reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > limits.metadataBytes) {
    wrong.push(violation('metadata', `has ${bytes} bytes of keys and values; the limit is ${limits.metadataBytes}`));
  }
  const keyBytes = Buffer.byteLength(idempotencyKey);
  if (keyBytes > limits.idempotencyKeyBytes) {
    wrong.push(violation('idempotency_key', `has ${keyBytes} bytes; the limit is ${limits.idempotencyKeyBytes}`));
  }
  return wrong;
}

/** What ties a Submit to its call. */
export function checkCall(call: SubmitCall): Violation[] {
  const { waitMs, bindToCall, inStream } = call;
  if (inStream) {
    const wrong: Violation[] = [];
    if (waitMs !== undefined) wrong.push(violation('wait', 'cannot be set in an item of a stream: set follow instead'));
    if (bindToCall) wrong.push(violation('bind_to_call', 'cannot be set in an item of a stream: use Submit for it'));
    return wrong;
  }
  if (bindToCall && (waitMs === undefined || waitMs === 0)) {
    return [violation('bind_to_call', 'requires wait: a task can be bound only to a call that waits for it')];
  }
  const wait = checkWait(waitMs);
  return wait === undefined ? [] : [wait];
}

/** A `wait` of Submit or GetResult. */
export function checkWait(waitMs: number | undefined): Violation | undefined {
  if (waitMs === undefined || (waitMs >= 0 && waitMs <= limits.waitMs)) return undefined;
  return violation('wait', `is ${shownMs(waitMs)}, but must be between 0 s and ${shownMs(limits.waitMs)}`);
}

/** Milliseconds for people. */
export function shownMs(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

function wholeNumber(field: string, value: number | undefined, min: number, max: number, hint?: string): Violation | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return undefined;
  return violation(
    field,
    `is ${value}, but must be a whole number between ${min} and ${max}${hint === undefined ? '' : `, where ${hint}`}`,
  );
}
