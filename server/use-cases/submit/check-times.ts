/** When a task may start, and until when. Pure. */

import { limits } from '@inferq/core/limits.ts';
import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { SubmitCommand } from '../../broker.ts';
import { shownMs } from './check-options.ts';

/** Start and start deadline; `now` is epoch milliseconds. */
export function checkTimes(command: SubmitCommand, now: number): Violation[] {
  const wrong = [...checkStart(command, now), ...checkStartLimit(command, now)];
  if (wrong.length > 0) return wrong;
  const start = command.notBefore ?? now + (command.delayMs ?? 0);
  const until = command.startDeadline ?? now + (command.startWithinMs ?? Number.POSITIVE_INFINITY);
  if (start < until) return [];
  const field = command.startDeadline === undefined ? 'start_within' : 'start_deadline';
  return [violation(field, 'ends before the task may start: set it later than delay or not_before')];
}

function checkStart({ delayMs, notBefore }: SubmitCommand, now: number): Violation[] {
  if (delayMs !== undefined && notBefore !== undefined) return [violation('not_before', 'cannot be set together with delay')];
  const wrong: Violation[] = [];
  if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= limits.delayMs)) {
    wrong.push(violation('delay', `is ${shownMs(delayMs)}, but must be between 0 s and ${shownMs(limits.delayMs)} (30 days)`));
  }
  // A time that has passed means at once: a request may have been on its way for long.
  if (notBefore !== undefined && !(notBefore - now <= limits.delayMs)) {
    wrong.push(violation('not_before', 'is more than 30 days ahead: use an earlier time'));
  }
  return wrong;
}

function checkStartLimit({ startWithinMs, startDeadline }: SubmitCommand, now: number): Violation[] {
  if (startWithinMs !== undefined && startDeadline !== undefined) {
    return [violation('start_deadline', 'cannot be set together with start_within')];
  }
  const wrong: Violation[] = [];
  if (startWithinMs !== undefined && !(startWithinMs > 0 && Number.isSafeInteger(Math.ceil(now + startWithinMs)))) {
    wrong.push(violation('start_within', `is ${shownMs(startWithinMs)}, but must be above 0 s`));
  }
  if (startDeadline !== undefined && !(startDeadline > now && Number.isSafeInteger(Math.ceil(startDeadline)))) {
    wrong.push(violation('start_deadline', 'has passed or is not a valid time: use one in the future'));
  }
  return wrong;
}
