/** Submit: one task, and its end where the call waits for it. */

import { granted, type Outcome } from '@inferq/core/refusal.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { CallContext, SubmitCommand, TaskView } from '../../broker.ts';
import { answering } from '../store-failure.ts';
import { awaitEnd, endOrStanding, type ReadParts, viewOrRefusal } from '../task/read-task.ts';
import { EndWait } from '../watch/end-wait.ts';
import type { CallBindings } from './call-binding.ts';
import type { Placement, Placing } from './place-task.ts';
import type { PlannedTask } from './plan-submit.ts';

export interface SubmitParts extends ReadParts {
  placing: Placing;
  bindings: CallBindings;
}

export interface SubmitOptions {
  waitMs?: number;
  bindToCall: boolean;
  outputs: boolean;
}

export interface Submitted {
  taskId: string;
  duplicate: boolean;
  task?: TaskView;
}

/** Answers once the task is stored; with a `waitMs` above 0, once it has ended or that time is over. */
export function submitTask(
  parts: SubmitParts,
  command: SubmitCommand,
  options: SubmitOptions,
  call: CallContext,
): Promise<Outcome<Submitted>> {
  const { waitMs, bindToCall } = options;
  return answering(async () => {
    const planned = await parts.placing.plan(command, { waitMs, bindToCall, deadline: call.deadline, inStream: false });
    if (!planned.ok) return planned;
    if (waitMs !== undefined && waitMs > 0) return placeAndWait(parts, command, planned.value, { ...options, waitMs }, call);
    const placed = await parts.placing.place({ ...planned.value, id: parts.placing.newId() });
    return placed.ok ? granted({ taskId: idOf(placed.value), duplicate: placed.value.kind === 'duplicate' }) : placed;
  });
}

/** The task that a submit came to. */
export function idOf(placement: Placement): string {
  return placement.kind === 'accepted' ? placement.id : placement.snapshot.id;
}

const nothing = new Uint8Array(0);

async function placeAndWait(
  parts: SubmitParts,
  command: SubmitCommand,
  task: PlannedTask,
  options: SubmitOptions & { waitMs: number },
  call: CallContext,
): Promise<Outcome<Submitted>> {
  const id = parts.placing.newId();
  const wait = new EndWait(parts.hub, id);
  const boundTo = options.bindToCall ? parts.bindings.newCall() : undefined;
  let registered = false;
  try {
    const watched = { ...task, id, watchBy: parts.hub.inbox, endOnly: true };
    const placed = await parts.placing.place(boundTo === undefined ? watched : { ...watched, boundTo });
    // The wait may be long, and the input is stored.
    command.release();
    task.input = nothing;
    watched.input = nothing;
    if (!placed.ok) return placed;
    const duplicate = placed.value.kind === 'duplicate';
    registered = !duplicate;
    const taskId = idOf(placed.value);
    const release = boundTo === undefined ? undefined : parts.bindings.follow({ id: taskId, call: boundTo }, call.signal);
    let ended = false;
    try {
      const snapshot =
        placed.value.kind === 'accepted'
          ? await endOrStanding(parts, wait, options.waitMs, call)
          : await endOfDuplicate(parts, placed.value.snapshot, options.waitMs, call);
      ended = snapshot !== undefined && isTerminal(snapshot.state);
      const view = await viewOrRefusal(parts, taskId, snapshot, options.outputs);
      return view.ok ? granted({ taskId, duplicate, task: view.value }) : view;
    } finally {
      release?.(ended);
    }
  } finally {
    wait.leave(registered);
  }
}

function endOfDuplicate(parts: SubmitParts, snapshot: TaskSnapshot, waitMs: number, call: CallContext): Promise<TaskSnapshot | undefined> {
  return isTerminal(snapshot.state) ? Promise.resolve(snapshot) : awaitEnd(parts, snapshot.id, waitMs, call);
}
