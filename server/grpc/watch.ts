/** WatchResult: a task's snapshot, then its events as they come. */

import type { Outcome } from '@inferq/core/refusal.ts';
import { granted } from '@inferq/core/refusal.ts';
import type { WatchResultRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, CallContext, TaskView, ViewEvent, WatchUpdate } from '../broker.ts';
import { eventBytes, eventFields } from './convert/event.ts';
import type { OutputSelection } from './convert/output-options.ts';
import { taskFields } from './convert/task.ts';
import { readWatch } from './convert/watch.ts';
import { groupBySize } from './grouping.ts';
import { checkTaskOutputs } from './output-names.ts';
import { fieldNumbers } from './replies/field-numbers.ts';
import { Fields } from './replies/fields.ts';
import { fillSilence } from './silence.ts';
import { readRequest } from './violations.ts';

/** Opens a watch whose stream says something at least every `silenceMs`. */
export async function watchResult(
  broker: Broker,
  silenceMs: number,
  request: WatchResultRequest,
  call: CallContext,
): Promise<Outcome<AsyncIterable<Fields>>> {
  const read = readRequest((violations) => readWatch(request, violations));
  if (!read.ok) return read;
  const { selection, options } = read.value;
  const checked = await checkTaskOutputs(broker, selection, request.taskId, call);
  if (!checked.ok) return checked;
  const updates = await broker.watch(request.taskId, options, call);
  if (!updates.ok) return updates;
  return granted(fillSilence(new Messages(updates.value, selection), silenceMs, () => Fields.none));
}

/** One message for each group of updates. A class, because the frame of a generator would keep what it yielded while it waits. */
class Messages implements AsyncIterableIterator<Fields> {
  readonly #updates: AsyncIterator<WatchUpdate>;
  readonly #selection: OutputSelection;
  /** What came with the last update and is not sent yet. */
  #groups: (readonly ViewEvent[])[] = [];
  #contents = false;

  constructor(updates: AsyncIterable<WatchUpdate>, selection: OutputSelection) {
    this.#updates = updates[Symbol.asyncIterator]();
    this.#selection = selection;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Fields>> {
    const group = this.#groups.shift();
    if (group !== undefined) return this.#events(group).then(yielded);
    return this.#updates.next().then((update) => {
      if (update.done === true) return { done: true, value: undefined };
      if (update.value.kind === 'snapshot') return this.#snapshot(update.value.view).then(yielded);
      this.#groups = [...groupBySize(update.value.events, eventBytes)];
      return this.next();
    });
  }

  async return(): Promise<IteratorResult<Fields>> {
    this.#groups = [];
    await this.#updates.return?.();
    return { done: true, value: undefined };
  }

  async #snapshot(view: TaskView): Promise<Fields> {
    this.#contents = view.snapshot.contents;
    return (await taskFields(view, this.#selection)).in(fieldNumbers.watchSnapshot);
  }

  async #events(group: readonly ViewEvent[]): Promise<Fields> {
    const events = await Promise.all(group.map((event) => eventFields(event, this.#selection, this.#contents)));
    return Fields.none.and(...events.map((event) => event.in(fieldNumbers.watchEvents)));
  }
}

function yielded<T>(value: T): IteratorResult<T> {
  return { done: false, value };
}
