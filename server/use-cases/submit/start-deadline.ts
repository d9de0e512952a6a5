/** Until when a task may start. Pure. */

import type { NewTask } from '@inferq/queue/queue.ts';
import type { SubmitCommand } from '../../broker.ts';
import type { SubmitCall } from './check-options.ts';

/**
 * The limits as given; for a task bound to its call, also what is left of the call. That stays a duration: `now` and the call's deadline
 * are times of this server's clock, which may differ from the clock of Redis.
 */
export function startLimits(
  { startWithinMs, startDeadline }: SubmitCommand,
  { bindToCall, deadline }: SubmitCall,
  now: number,
): Pick<NewTask, 'startWithinMs' | 'startDeadline'> {
  const within = Math.min(startWithinMs ?? Number.POSITIVE_INFINITY, bindToCall ? deadline - now : Number.POSITIVE_INFINITY);
  return {
    ...(Number.isFinite(within) ? { startWithinMs: Math.max(0, Math.ceil(within)) } : {}),
    ...(startDeadline === undefined ? {} : { startDeadline: Math.ceil(startDeadline) }),
  };
}
