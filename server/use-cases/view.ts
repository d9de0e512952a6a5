/** Snapshots as clients see them. */

import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import type { TaskView } from '../broker.ts';
import { type KnownModels, unservedReason } from './registry/known-models.ts';
import type { RegistryCache } from './registry/registry-cache.ts';

/** Whether the snapshot's output is wanted, exists, and did not travel with it. */
export function lacksOutput(snapshot: TaskSnapshot, outputs: boolean): boolean {
  return outputs && snapshot.outputBytes > 0 && snapshot.output === undefined;
}

/** Makes views. */
export interface Views {
  /** With the output that the snapshot carries, where outputs are wanted. */
  inline(snapshot: TaskSnapshot, outputs: boolean): TaskView;
  /** With its output in full, read from the store where it is large. Throws where that cannot be reached. */
  full(snapshot: TaskSnapshot, outputs: boolean): Promise<TaskView>;
}

export function createViews(submission: Pick<SubmissionQueue, 'readOutput'>, registry: RegistryCache): Views {
  const view = (known: KnownModels, snapshot: TaskSnapshot, output: Uint8Array | undefined): TaskView => {
    const unserved = unservedReason(known, snapshot);
    return { snapshot, ...(unserved === undefined ? {} : { unserved }), ...(output === undefined ? {} : { output }) };
  };
  return {
    inline: (snapshot, outputs) => view(registry.last(), snapshot, outputs ? snapshot.output : undefined),
    async full(snapshot, outputs) {
      const output = lacksOutput(snapshot, outputs) ? await submission.readOutput(snapshot.id) : snapshot.output;
      // Who asks for a task that waits is told of workers that there are, not of those of an hour ago.
      const known = isTerminal(snapshot.state) ? registry.last() : await registry.current();
      return view(known, snapshot, outputs ? output : undefined);
    },
  };
}
