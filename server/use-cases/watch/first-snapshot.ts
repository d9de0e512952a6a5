/** What a watch is told first: the task as it stands, or, with chunks to replay, the task as it ran before them. Pure. */

import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';

export interface WatchStart {
  first: TaskSnapshot;
  /** Chunks behind this sequence come next, then the task as it stands; undefined: nothing is to be replayed. */
  chunksAfter?: number;
}

/** How to begin a watch from `afterSequence` on a task that stands at `now`. See docs/decisions/watch-replay.md. */
export function startOfWatch(now: TaskSnapshot, afterSequence: number): WatchStart {
  const hasMore = now.chunks > 0 && now.lastChunkSequence > afterSequence;
  // The chunks of an ignored result end with it; whoever comes afterwards from the beginning has lost nothing he held.
  const neverKept = now.ignoreResult && isTerminal(now.state) && afterSequence === 0;
  if (!hasMore || neverKept) return { first: now };
  return { first: asRunning(now, afterSequence), chunksAfter: afterSequence };
}

function asRunning(now: TaskSnapshot, sequence: number): TaskSnapshot {
  const { endedAt, resultExpiresAt, redrivenTo, error, output, execution, ...kept } = now;
  return { ...kept, state: 'running', sequence, partial: false, outputBytes: 0, ...running(execution) };
}

function running(execution: TaskSnapshot['execution']): Pick<TaskSnapshot, 'execution'> {
  if (execution === undefined) return {};
  const { endedAt, error, ...kept } = execution;
  return { execution: { ...kept, ranMs: 0 } };
}
