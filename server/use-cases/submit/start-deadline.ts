/** Until when a task may start. Pure. */

import type { NewTask } from '@inferq/queue/queue.ts';
import type { SubmitCommand } from '../../broker.ts';
import type { SubmitCall } from './check-options.ts';

/** The explicit limit as given; for a task bound to its call, the call's own deadline where that comes first. */
export function effectiveDeadline(
  { startWithinMs, startDeadline }: SubmitCommand,
  { bindToCall, deadline }: SubmitCall,
  now: number,
): Pick<NewTask, 'startWithinMs' | 'startDeadline'> {
  const explicit = startDeadline ?? (startWithinMs === undefined ? Number.POSITIVE_INFINITY : now + startWithinMs);
  if (bindToCall && deadline < explicit) return { startDeadline: Math.ceil(deadline) };
  if (startDeadline !== undefined) return { startDeadline: Math.ceil(startDeadline) };
  return startWithinMs === undefined ? {} : { startWithinMs: Math.ceil(startWithinMs) };
}
