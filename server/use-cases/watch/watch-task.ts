/** WatchResult: one task, from its snapshot to its end. */

import { granted, type Outcome, type Refusal } from '@inferq/core/refusal.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import type { CallContext, TaskView, ViewEvent, WatchOptions, WatchUpdate } from '../../broker.ts';
import { answering, wrongField } from '../store-failure.ts';
import { refuseMalformedId, refuseUnknown } from '../unknown-task.ts';
import { Feed, type FeedParts } from './feed.ts';
import { startOfWatch } from './first-snapshot.ts';
import { Outbox } from './outbox.ts';

/** A watch stops buffering here and reads the log later. */
const bounds = { items: 256, bytes: 32 * 1_024 };

export interface WatchParts extends FeedParts {
  submission: Pick<SubmissionQueue, 'readChunks' | 'cancel'>;
}

/** Begins a watch; its iteration may throw WatchBroken. */
export async function watchTask(
  parts: WatchParts,
  taskId: string,
  options: WatchOptions,
  call: CallContext,
): Promise<Outcome<AsyncIterable<WatchUpdate>>> {
  const wrong = checkWatch(taskId, options);
  if (wrong !== undefined) return { ok: false, refusal: wrong };
  const outbox = new Outbox<ViewEvent>(bounds);
  const feed = new Feed(taskId, { outputs: options.outputs, endOnly: false }, parts, outbox);
  const departed = () => {
    if (options.cancelOnDisconnect && !feed.over) parts.hub.inBackground(() => parts.submission.cancel({ id: taskId, force: false }));
    leave();
    outbox.end();
  };
  const leave = () => {
    call.signal.removeEventListener('abort', departed);
    feed.leave();
  };
  call.signal.addEventListener('abort', departed);
  if (call.signal.aborted) departed();
  const begun = await answering(async () => {
    const first = await readStart(parts, taskId, options);
    return first === undefined ? { ok: false, refusal: refuseUnknown(taskId) } : granted(first);
  });
  if (!begun.ok) {
    leave();
    return begun;
  }
  const { view, chunksAfter } = begun.value;
  feed.begin(view.snapshot, chunksAfter);
  return granted(new Updates(view, outbox, leave));
}

/** What is wrong with a watch, before anything is asked of the store. */
export function checkWatch(taskId: string, { afterSequence }: WatchOptions): Refusal | undefined {
  const malformed = refuseMalformedId(taskId);
  if (malformed !== undefined) return malformed;
  if (Number.isSafeInteger(afterSequence) && afterSequence >= 0) return undefined;
  return wrongField('after_sequence', `is ${afterSequence}; give 0, or the sequence of the last event that was received`).refusal;
}

/**
 * What to tell a watcher first, and with what to begin its feed, which must exist already. Undefined where there is no record;
 * throws where the store cannot be reached.
 */
export async function readStart(
  { hub, views }: FeedParts,
  taskId: string,
  { afterSequence, outputs }: Pick<WatchOptions, 'afterSequence' | 'outputs'>,
): Promise<{ view: TaskView; chunksAfter?: number } | undefined> {
  const snapshot = await hub.inspect(taskId);
  if (snapshot === undefined) return undefined;
  const { first, chunksAfter } = startOfWatch(snapshot, afterSequence);
  const view = await views.full(first, outputs);
  return { view, ...(chunksAfter === undefined ? {} : { chunksAfter }) };
}

/** The first view, then what the outbox gives. A class, because the frame of a generator would keep the view as long as the watch. */
class Updates implements AsyncIterableIterator<WatchUpdate> {
  #first: TaskView | undefined;
  readonly #outbox: Outbox<ViewEvent>;
  readonly #leave: () => void;

  constructor(first: TaskView, outbox: Outbox<ViewEvent>, leave: () => void) {
    this.#first = first;
    this.#outbox = outbox;
    this.#leave = leave;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchUpdate>> {
    const view = this.#first;
    this.#first = undefined;
    if (view !== undefined) return Promise.resolve({ done: false, value: { kind: 'snapshot', view } });
    // The feed behind an error has left already.
    return this.#outbox
      .take()
      .then((events) => (events === undefined ? this.return() : { done: false, value: { kind: 'events', events } }));
  }

  async return(): Promise<IteratorResult<WatchUpdate>> {
    this.#leave();
    this.#outbox.end();
    return { done: true, value: undefined };
  }
}
