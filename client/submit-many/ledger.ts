/** What a stream of submits still owes: unanswered items, and followed tasks that go on. No I/O. */

import type { SubmitManyRequest_Item as WireItem, SubmitManyResponse_Outcome as WireOutcome } from '../../proto/gen/inferq/v1/broker.ts';
import type { TaskEvent as WireEvent } from '../../proto/gen/inferq/v1/event.ts';
import type { OutputOptions } from '../../proto/gen/inferq/v1/tensor.ts';
import { errorFromItem } from '../error-details.ts';
import type { InferqError } from '../errors.ts';
import { Follow } from '../follow.ts';
import type { Retries } from '../retry.ts';
import type { WatchEvent } from '../wire/event.ts';
import type { SubmitManyOutput } from './item.ts';
import { itemBytes } from './size.ts';

type Action = NonNullable<WireItem['action']>;
type Submit = Action & { $case: 'submit' };

/** An item that waits for its outcome. */
interface Entry {
  message: WireItem;
  bytes: number;
  retries: Retries;
  /** Refused for now, and sent again later. */
  resting: boolean;
  /** For a submit, whose it is. */
  sender?: { correlationId: string } & Following;
  /** For a watch, what it resumes. */
  followed?: Followed;
  /** Sent before on a broken stream: the task may have run for a while. */
  again: boolean;
}

/** What is wanted of a task's events. */
interface Following {
  follow: boolean;
  endOnly: boolean;
}

interface Followed {
  follow: Follow;
  endOnly: boolean;
  correlationIds: string[];
  outputs: OutputOptions | undefined;
  /** The item whose events these are on this stream. */
  openedBy: string;
}

/** Something to send now, or after a rest. */
export interface Sending {
  message: WireItem;
  afterMs: number;
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #follows = new Map<string, Followed>();
  /** Open follows by the item that opened them. */
  readonly #openers = new Map<string, Followed>();
  readonly #newRetries: (action: Action['$case']) => Retries;
  #count = 0;
  #bytes = 0;

  /** `newRetries` counts the refusals of one item. */
  constructor(newRetries: (action: Action['$case']) => Retries) {
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
  submit(correlationId: string, following: Following, submit: Submit): WireItem {
    return this.#enter(submit, following, { sender: { correlationId, ...following } }).message;
  }

  /** What to send on a new stream: the followed tasks as watches, then what has no outcome. */
  resume(): WireItem[] {
    for (const [id, { followed }] of this.#entries) if (followed) this.#forget(id);
    this.#openers.clear();
    const unanswered = [...this.#entries.values()];
    for (const entry of unanswered) {
      entry.again = true;
      // Followed by a watch once it has an id, so that no chunk of the meantime is missed.
      entry.message = { ...entry.message, follow: false };
    }
    const watches = [...this.#follows.values()].map((followed) => this.#watch(followed).message);
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
    if (!result) return;
    if (result.$case === 'error') return yield* this.#refused(correlationId, errorFromItem(result.value));
    const entry = this.#entries.get(correlationId);
    if (!entry) return;
    this.#forget(correlationId);
    const { sender, followed } = entry;
    if (sender) yield* this.#accepted(entry, sender, duplicate, result);
    else if (followed && result.$case === 'snapshot') yield* this.#told(followed, followed.follow.snapshot(result.value));
  }

  /** Takes a followed task's event. */
  *event(raw: WireEvent): Generator<SubmitManyOutput> {
    const followed = this.#follows.get(raw.taskId);
    if (followed) yield* this.#told(followed, followed.follow.event(raw));
  }

  *#accepted(
    { message, again }: Entry,
    { correlationId, follow, endOnly }: { correlationId: string } & Following,
    duplicate: boolean,
    result: { $case: 'taskId'; value: string } | { $case: 'snapshot'; value: Parameters<Follow['snapshot']>[0] },
  ): Generator<SubmitManyOutput | Sending> {
    const taskId = result.$case === 'taskId' ? result.value : result.value.id;
    yield { kind: 'accepted', correlationId, taskId, duplicate };
    if (!follow) return;
    // Of a task that is followed already, a snapshot is news to the newcomer alone.
    const outputs = message.action?.$case === 'submit' ? message.action.value.outputs : undefined;
    const newcomer = { follow: new Follow(taskId), correlationIds: [correlationId], outputs, endOnly, openedBy: message.correlationId };
    if (result.$case === 'snapshot') yield* this.#told(newcomer, newcomer.follow.snapshot(result.value));
    if (newcomer.follow.ended) return;
    const known = this.#follows.get(taskId);
    if (known) {
      known.correlationIds.push(correlationId);
      return;
    }
    this.#follows.set(taskId, newcomer);
    if (again) yield { message: this.#watch(newcomer).message, afterMs: 0 };
    else this.#openers.set(newcomer.openedBy, newcomer);
  }

  /** An item is refused; or, after its outcome, the follow that it opened has broken. */
  *#refused(id: string, error: InferqError): Generator<SubmitManyOutput | Sending> {
    const broken = this.#openers.get(id);
    const entry = this.#entries.get(id) ?? (broken && this.#watch(broken));
    if (!entry) return;
    const afterMs = entry.retries.delayMs(error);
    if (afterMs !== undefined) {
      entry.resting = true;
      yield { message: entry.message, afterMs };
      return;
    }
    const { sender, followed } = entry;
    this.#forget(entry.message.correlationId);
    if (followed) this.#leave(followed);
    const correlationIds = sender ? [sender.correlationId] : (followed?.correlationIds ?? []);
    for (const correlationId of correlationIds) yield { kind: 'refused', correlationId, error };
  }

  *#told(followed: Followed, events: Iterable<WatchEvent>): Generator<SubmitManyOutput> {
    for (const event of events) for (const correlationId of followed.correlationIds) yield { kind: 'event', correlationId, event };
    if (followed.follow.ended && this.#follows.get(followed.follow.taskId) === followed) this.#leave(followed);
  }

  #leave({ follow, openedBy }: Followed): void {
    this.#follows.delete(follow.taskId);
    this.#openers.delete(openedBy);
  }

  /** Enters a watch that goes on where the follow is. */
  #watch(followed: Followed): Entry {
    const { taskId, afterSequence } = followed.follow;
    const value = { taskId, afterSequence, outputs: followed.outputs, cancelOnDisconnect: false };
    const entry = this.#enter({ $case: 'watch', value }, { follow: true, endOnly: followed.endOnly }, { followed });
    this.#openers.delete(followed.openedBy);
    followed.openedBy = entry.message.correlationId;
    this.#openers.set(followed.openedBy, followed);
    return entry;
  }

  #enter(action: Action, following: Following, whose: Pick<Entry, 'sender' | 'followed'>): Entry {
    const message = { correlationId: (this.#count++).toString(36), ...following, action };
    const entry = { message, bytes: itemBytes(message), retries: this.#newRetries(action.$case), resting: false, again: false, ...whose };
    this.#bytes += entry.bytes;
    this.#entries.set(message.correlationId, entry);
    return entry;
  }

  #forget(correlationId: string): void {
    this.#bytes -= this.#entries.get(correlationId)?.bytes ?? 0;
    this.#entries.delete(correlationId);
  }
}
