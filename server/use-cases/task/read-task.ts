/** GetResult: a task as it stands, or as it ends while somebody waits. */

import { granted, type Outcome, refused } from '@inferq/core/refusal.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { CallContext, TaskView } from '../../broker.ts';
import type { Clock } from '../clock.ts';
import { answering } from '../store-failure.ts';
import { checkWait } from '../submit/check-options.ts';
import { refuseMalformedId, refuseUnknown } from '../unknown-task.ts';
import type { Views } from '../view.ts';
import { EndWait } from '../watch/end-wait.ts';
import type { WatchHub } from '../watch/hub.ts';

export interface ReadParts {
  hub: WatchHub;
  views: Views;
  clock: Clock;
  /** The task as it stands, or undefined. Calls of one tick share a script. */
  inspect(id: string): Promise<TaskSnapshot | undefined>;
}

/** With a `waitMs` above 0, answers when the task ends, or after that time with the task as it stands. */
export function readTask(
  parts: ReadParts,
  taskId: string,
  { waitMs, outputs }: { waitMs?: number; outputs: boolean },
  call: CallContext,
): Promise<Outcome<TaskView>> {
  return answering(async () => {
    const malformed = refuseMalformedId(taskId);
    if (malformed !== undefined) return { ok: false, refusal: malformed };
    const wrong = checkWait(waitMs);
    if (wrong !== undefined) return refused('INVALID_REQUEST', `wait: ${wrong.description}`, { violations: [wrong] });
    const snapshot = waitMs === undefined || waitMs === 0 ? await parts.inspect(taskId) : await awaitEnd(parts, taskId, waitMs, call);
    return viewOrRefusal(parts, taskId, snapshot, outputs);
  });
}

/** A task that was read, as clients see it, or why there is none. */
export async function viewOrRefusal(
  { views }: Pick<ReadParts, 'views'>,
  taskId: string,
  snapshot: TaskSnapshot | undefined,
  outputs: boolean,
): Promise<Outcome<TaskView>> {
  if (snapshot === undefined) return { ok: false, refusal: refuseUnknown(taskId) };
  return granted(await views.full(snapshot, outputs));
}

/** Waits for the end of a task that was there before; without a record, undefined. */
export async function awaitEnd(parts: ReadParts, taskId: string, waitMs: number, call: CallContext): Promise<TaskSnapshot | undefined> {
  const wait = new EndWait(parts.hub, taskId);
  try {
    const snapshot = await parts.hub.inspect(taskId);
    if (snapshot === undefined || isTerminal(snapshot.state)) return snapshot;
    return await endOrStanding(parts, wait, waitMs, call);
  } finally {
    wait.leave();
  }
}

/** The task at its end, or, where the wait is over before, as it stands. */
export async function endOrStanding(
  { clock, inspect }: Pick<ReadParts, 'clock' | 'inspect'>,
  wait: EndWait,
  waitMs: number,
  call: CallContext,
): Promise<TaskSnapshot | undefined> {
  const outcome = await wait.within(waitMs, clock, call.signal);
  if (outcome.kind === 'ended') return outcome.snapshot;
  return outcome.kind === 'vanished' ? undefined : inspect(wait.taskId);
}
