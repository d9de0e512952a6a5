/** Tasks that live only as long as the call that waits for them. */

import { limits } from '@inferq/core/limits.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import type { WatchHub } from '../watch/hub.ts';

export interface CallBindings {
  /**
   * Ties a task to a call: where `signal` fires before the returned function was called, the task is cancelled after a grace
   * time, unless another call of this process holds it too. `again`: a call that broke off may have asked for that already.
   */
  bind(taskId: string, signal: AbortSignal, again: boolean): () => void;
}

export function createCallBindings(submission: Pick<SubmissionQueue, 'cancel' | 'keep'>, hub: WatchHub): CallBindings {
  const calls = new Map<string, number>();
  const unbind = (taskId: string) => {
    const left = (calls.get(taskId) ?? 1) - 1;
    if (left > 0) calls.set(taskId, left);
    else calls.delete(taskId);
    return left;
  };
  return {
    bind(taskId, signal, again) {
      calls.set(taskId, (calls.get(taskId) ?? 0) + 1);
      if (again) void hub.persist(() => submission.keep(taskId));
      const brokeOff = () => {
        if (unbind(taskId) > 0) return;
        void hub.persist(() => submission.cancel({ id: taskId, force: false, afterMs: limits.unboundGraceMs }));
      };
      if (signal.aborted) {
        brokeOff();
        return () => undefined;
      }
      signal.addEventListener('abort', brokeOff, { once: true });
      return () => {
        if (signal.aborted) return;
        signal.removeEventListener('abort', brokeOff);
        unbind(taskId);
      };
    },
  };
}
