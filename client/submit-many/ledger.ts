/** What a stream of submits still owes: unanswered items, and followed tasks that go on. No I/O. */

import type { SubmitManyRequest_Item as WireItem, SubmitManyResponse_Outcome as WireOutcome } from '../../proto/gen/inferq/v1/broker.ts';
import type { TaskEvent as WireEvent } from '../../proto/gen/inferq/v1/event.ts';
import type { Task as WireTask } from '../../proto/gen/inferq/v1/task.ts';
import type { OutputOptions } from '../../proto/gen/inferq/v1/tensor.ts';
import { errorFromItem } from '../error-details.ts';
import type { InferqError } from '../errors.ts';
import { Follow } from '../follow.ts';
import type { Retries } from '../retry.ts';
import type { WatchEvent } from '../wire/event.ts';
import type { SubmitManyOutput } from './item.ts';
import { itemBytes } from './size.ts';

/** An item that waits for its outcome. */
interface Entry {
  message: WireItem;
  /** The followers behind a `watch`; the one sender of a `submit`. */
  correlationIds: string[];
  follow: boolean;
  bytes: number;
  retries: Retries;
  /** Refused for now, and sent again later. */
  resting: boolean;
  /** Sent before on a broken stream: the task may have run for a while. */
  again: boolean;
}

interface Followed {
  follow: Follow;
  correlationIds: string[];
  outputs: OutputOptions | undefined;
}

/** Something to send now, or after a rest. */
export interface Sending {
  message: WireItem;
  afterMs: number;
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #follows = new Map<string, Followed>();
  /** Ended by a snapshot that a resumed watch began with: chunks of the meantime may still come behind it. */
  readonly #late = new Map<string, Followed>();
  readonly #newRetries: () => Retries;
  #count = 0;
  #bytes = 0;

  /** `newRetries` counts the refusals of one item. */
  constructor(newRetries: () => Retries) {
    this.#newRetries = newRetries;
  }

  /** Items without an outcome. */
  get unanswered(): number {
    return this.#entries.size;
  }

  /** Their size. */
  get unansweredBytes(): number {
    return this.#bytes;
  }

  /** Whether nothing more is expected. */
  get settled(): boolean {
    return this.#entries.size === 0 && this.#follows.size === 0;
  }

  /** Enters a submit; the message is what to send. */
  submit(correlationId: string, follow: boolean, submit: NonNullable<WireItem['action']> & { $case: 'submit' }): WireItem {
    return this.#enter([correlationId], follow, submit);
  }

  /** What to send on a new stream: the followed tasks as watches, then what has no outcome. */
  resume(): WireItem[] {
    for (const [id, { message }] of this.#entries) if (message.action?.$case === 'watch') this.#forget(id);
    const unanswered = [...this.#entries.values()];
    for (const entry of unanswered) {
      entry.again = true;
      // Followed by a watch once it has an id, so that no chunk of the meantime is missed.
      entry.message = { ...entry.message, follow: false };
    }
    this.#late.clear();
    const watches = [...this.#follows.values()].map((followed) => this.#watch(followed));
    return [...watches, ...unanswered.filter(({ resting }) => !resting).map(({ message }) => message)];
  }

  /** A rest is over: the message to send, if it is still wanted. */
  rested(correlationId: string): WireItem | undefined {
    const entry = this.#entries.get(correlationId);
    if (entry) entry.resting = false;
    return entry?.message;
  }

  /** Takes an outcome: yields what the consumer is told, and what is to be sent because of it. */
  *outcome({ correlationId, duplicate, result }: WireOutcome): Generator<SubmitManyOutput | Sending> {
    const entry = this.#entries.get(correlationId);
    if (!entry || !result) return;
    if (result.$case === 'error') return yield* this.#refused(correlationId, entry, errorFromItem(result.value));
    this.#forget(correlationId);
    if (entry.message.action?.$case === 'submit') yield* this.#accepted(entry, duplicate, result);
    if (result.$case === 'snapshot') yield* this.#snapshot(result.value, entry);
  }

  /** Takes a followed task's event. */
  *event(raw: WireEvent): Generator<SubmitManyOutput> {
    const followed = this.#follows.get(raw.taskId) ?? this.#late.get(raw.taskId);
    if (!followed) return;
    yield* told(followed.follow.event(raw), followed.correlationIds);
    if (followed.follow.ended) this.#follows.delete(raw.taskId);
  }

  *#accepted(entry: Entry, duplicate: boolean, result: Exclude<WireOutcome['result'], undefined | { $case: 'error' }>) {
    const taskId = result.$case === 'taskId' ? result.value : result.value.id;
    for (const correlationId of entry.correlationIds) yield { kind: 'accepted' as const, correlationId, taskId, duplicate };
    if (!entry.follow) return;
    const followed = this.#follow(taskId, entry);
    if (entry.again) yield { message: this.#watch(followed), afterMs: 0 };
  }

  *#refused(correlationId: string, entry: Entry, error: InferqError): Generator<SubmitManyOutput | Sending> {
    const afterMs = entry.retries.delayMs(error);
    if (afterMs !== undefined) {
      entry.resting = true;
      yield { message: entry.message, afterMs };
      return;
    }
    this.#forget(correlationId);
    if (entry.message.action?.$case === 'watch') this.#follows.delete(entry.message.action.value.taskId);
    for (const id of entry.correlationIds) yield { kind: 'refused', correlationId: id, error };
  }

  /** In a stream, a snapshot that is terminal is the end of its task. */
  *#snapshot(task: WireTask, { message }: Entry): Generator<SubmitManyOutput> {
    const followed = this.#follows.get(task.id);
    if (!followed) return;
    yield* told(followed.follow.snapshot(task), followed.correlationIds);
    yield* told(followed.follow.finish(), followed.correlationIds);
    if (!followed.follow.ended) return;
    this.#follows.delete(task.id);
    if (message.action?.$case === 'watch') this.#late.set(task.id, followed);
  }

  #follow(taskId: string, { message, correlationIds }: Entry): Followed {
    const outputs = message.action?.$case === 'submit' ? message.action.value.outputs : undefined;
    const followed = this.#follows.get(taskId) ?? { follow: new Follow(taskId), correlationIds: [], outputs };
    followed.correlationIds.push(...correlationIds);
    this.#follows.set(taskId, followed);
    return followed;
  }

  #watch({ follow, correlationIds, outputs }: Followed): WireItem {
    const { taskId, afterSequence } = follow;
    return this.#enter(correlationIds, true, { $case: 'watch', value: { taskId, afterSequence, outputs, cancelOnDisconnect: false } });
  }

  #enter(correlationIds: string[], follow: boolean, action: NonNullable<WireItem['action']>): WireItem {
    const message = { correlationId: (this.#count++).toString(36), follow, action };
    const bytes = itemBytes(message);
    this.#bytes += bytes;
    this.#entries.set(message.correlationId, {
      message,
      correlationIds,
      follow,
      bytes,
      retries: this.#newRetries(),
      resting: false,
      again: false,
    });
    return message;
  }

  #forget(correlationId: string): void {
    this.#bytes -= this.#entries.get(correlationId)?.bytes ?? 0;
    this.#entries.delete(correlationId);
  }
}

function* told(events: Iterable<WatchEvent>, correlationIds: readonly string[]): Generator<SubmitManyOutput> {
  for (const event of events) for (const correlationId of correlationIds) yield { kind: 'event', correlationId, event };
}
