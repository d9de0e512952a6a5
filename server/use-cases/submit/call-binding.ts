/** Tasks that live only as long as the calls that wait for them. Their records name these calls; see docs/decisions/call-binding.md. */

import { limits } from '@inferq/core/limits.ts';
import type { BoundCall, SubmissionQueue } from '@inferq/queue/queue.ts';
import type { WatchHub } from '../watch/hub.ts';

export interface CallBindings {
  /** A name for a call, to be submitted as the one that holds its task. */
  newCall(): string;
  /**
   * Follows a call that holds a task. Where `signal` fires before the returned function was called, the call broke off: the task
   * is cancelled after a grace time, unless another call holds it or a Submit takes it up. The function ends the binding
   * without that: the call is answered, and the task has `ended` or goes on by itself.
   */
  follow(bound: BoundCall, signal: AbortSignal): (ended: boolean) => void;
}

export function createCallBindings(submission: Pick<SubmissionQueue, 'unbind'>, hub: WatchHub): CallBindings {
  let calls = 0;
  const unbind = (bound: BoundCall, cancelAfterMs?: number) => hub.inBackground(() => submission.unbind(bound, cancelAfterMs));
  return {
    newCall: () => `${hub.inbox}/${++calls}`,
    follow(bound, signal) {
      const brokeOff = () => unbind(bound, limits.unboundGraceMs);
      if (signal.aborted) brokeOff();
      else signal.addEventListener('abort', brokeOff, { once: true });
      return (ended) => {
        if (signal.aborted) return;
        signal.removeEventListener('abort', brokeOff);
        if (!ended) unbind(bound);
      };
    },
  };
}
