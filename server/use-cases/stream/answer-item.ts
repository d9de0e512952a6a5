/** One item of a stream: its outcome, and its task's events after it. */

import type { Refusal } from '@inferq/core/refusal.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import type { StreamItem, StreamReply, WatchOptions } from '../../broker.ts';
import type { Placing } from '../submit/place-task.ts';
import type { PlannedTask } from '../submit/plan-submit.ts';
import { cancelTask } from '../task/cancel-task.ts';
import { type ReadParts, viewOrRefusal } from '../task/read-task.ts';
import { refuseUnknown } from '../unknown-task.ts';
import { checkWatch, readStart } from '../watch/watch-task.ts';
import type { FollowParts, Follows } from './follows.ts';

export interface ItemParts extends FollowParts, ReadParts {
  placing: Placing;
  submission: Pick<SubmissionQueue, 'readChunks' | 'cancel'>;
}

/** An item with where its replies go. */
export interface ItemContext {
  parts: ItemParts;
  item: StreamItem;
  follows: Follows;
  put(reply: StreamReply): void;
}

/** Watches a task from where it stands. */
const fromNow = { afterSequence: Number.MAX_SAFE_INTEGER, cancelOnDisconnect: false };
const fromStart = { afterSequence: 0, cancelOnDisconnect: false };

/** Puts the item's one outcome, then lets its events follow. Throws where the store cannot be reached. */
export async function answerItem(context: ItemContext): Promise<void> {
  const { item } = context;
  switch (item.action) {
    case 'refused':
      return refuse(context, item.refusal);
    case 'submit':
      return submit(context, item);
    case 'watch': {
      const wrong = checkWatch(item.taskId, item.options);
      return wrong === undefined ? watch(context, item.taskId, item.options, false) : refuse(context, wrong);
    }
    case 'cancel':
      return cancel(context, item);
  }
}

function refuse({ item, put }: ItemContext, refusal: Refusal): void {
  put({ kind: 'refused', correlationId: item.correlationId, refusal });
}

async function submit(context: ItemContext, item: Extract<StreamItem, { action: 'submit' }>): Promise<void> {
  const { parts, put } = context;
  const { command, correlationId, waitMs, bindToCall = false } = item;
  const call = { bindToCall, deadline: Number.POSITIVE_INFINITY, inStream: true };
  const planned = await parts.placing.plan(command, waitMs === undefined ? call : { ...call, waitMs });
  if (!planned.ok) return refuse(context, planned.refusal);
  if (item.follow) return submitAndFollow(context, planned.value);
  const placed = await parts.placing.place({ ...planned.value, id: parts.placing.newId() });
  if (!placed.ok) return refuse(context, placed.refusal);
  const { value } = placed;
  const duplicate = value.kind === 'duplicate';
  put({ kind: 'accepted', correlationId, taskId: duplicate ? value.snapshot.id : value.id, duplicate });
}

async function submitAndFollow(context: ItemContext, task: PlannedTask): Promise<void> {
  const { parts, follows, put } = context;
  const { correlationId, outputs, endOnly = false } = context.item;
  const id = parts.placing.newId();
  const follow = follows.open({ correlationId, taskId: id, outputs, endOnly, cancelOnDisconnect: false });
  let registered = false;
  try {
    const placed = await parts.placing.place({ ...task, id, watchBy: parts.hub.inbox, endOnly });
    if (!placed.ok) return refuse(context, placed.refusal);
    if (placed.value.kind === 'duplicate') return await followDuplicate(context, placed.value.snapshot);
    registered = true;
    put({ kind: 'accepted', correlationId, taskId: id, duplicate: false });
    follow.begin();
  } finally {
    if (!registered) follow.drop(false);
  }
}

async function followDuplicate(context: ItemContext, snapshot: TaskSnapshot): Promise<void> {
  if (!isTerminal(snapshot.state)) return watch(context, snapshot.id, fromStart, true);
  const { parts, item, put } = context;
  const view = await parts.views.full(snapshot, item.outputs);
  put({ kind: 'snapshot', correlationId: item.correlationId, duplicate: true, view });
}

/** Answers with the task's snapshot and follows it, unless this stream does so already. */
async function watch(
  context: ItemContext,
  taskId: string,
  { afterSequence, cancelOnDisconnect }: Pick<WatchOptions, 'afterSequence' | 'cancelOnDisconnect'>,
  duplicate: boolean,
): Promise<void> {
  const { parts, follows, put } = context;
  const { correlationId, outputs, endOnly = false } = context.item;
  if (follows.has(taskId)) return showStanding(context, taskId, duplicate);
  const follow = follows.open({ correlationId, taskId, outputs, endOnly, cancelOnDisconnect });
  let begun = false;
  try {
    const start = await readStart(parts, taskId, { afterSequence, outputs });
    if (start === undefined) return refuse(context, refuseUnknown(taskId));
    begun = true;
    put({ kind: 'snapshot', correlationId, duplicate, view: start.view });
    follow.begin(start.view.snapshot, start.chunksAfter);
  } finally {
    if (!begun) follow.drop();
  }
}

async function showStanding(context: ItemContext, taskId: string, duplicate: boolean): Promise<void> {
  const { parts, item, put } = context;
  const view = await viewOrRefusal(parts, taskId, await parts.inspect(taskId), item.outputs);
  if (!view.ok) return refuse(context, view.refusal);
  put({ kind: 'snapshot', correlationId: item.correlationId, duplicate, view: view.value });
}

async function cancel(context: ItemContext, item: Extract<StreamItem, { action: 'cancel' }>): Promise<void> {
  const cancelled = await cancelTask(context.parts, item.taskId, item.force);
  if (!cancelled.ok) return refuse(context, cancelled.refusal);
  const { snapshot } = cancelled.value;
  if (item.follow && !isTerminal(snapshot.state)) return watch(context, snapshot.id, fromNow, false);
  context.put({ kind: 'snapshot', correlationId: item.correlationId, duplicate: false, view: cancelled.value });
}
