/** One followed task across reconnects: what was seen, what is new, and whether it is over. */

import type { TaskEvent as WireEvent } from '../proto/gen/inferq/v1/event.ts';
import type { Task as WireTask } from '../proto/gen/inferq/v1/task.ts';
import { eventOf, type SnapshotEvent, type WatchEvent } from './wire/event.ts';
import { isTerminal, type Task, taskOf } from './wire/task.ts';

export class Follow {
  readonly taskId: string;
  /** A terminal event was yielded. */
  ended = false;
  #afterSequence: number;
  #shownSequence = -1;
  #attempt = 0;
  #last: Task | undefined;

  /** Events up to `afterSequence` are known already. */
  constructor(taskId: string, afterSequence = 0) {
    this.taskId = taskId;
    this.#afterSequence = afterSequence;
  }

  /**
   * Where to resume. Only events move it: a snapshot says how the task stands, but chunks from before it may be still to come.
   */
  get afterSequence(): bigint {
    return BigInt(this.#afterSequence);
  }

  /** Takes a snapshot. A terminal one that follows a reconnect is held back for `finish`, because missed chunks come first. */
  *snapshot(raw: WireTask): Generator<WatchEvent> {
    const task = taskOf(raw);
    const first = this.#shownSequence < 0;
    // The store lost its last moments: what comes now is numbered anew from here.
    if (task.sequence < this.#afterSequence) this.#afterSequence = this.#shownSequence = task.sequence - 1;
    yield* this.#restart(task.sequence, task.attempt);
    if (isTerminal(task.state)) this.#last = task;
    const held = !first && this.#last;
    if (!held && task.sequence > this.#shownSequence) yield this.#show(task);
  }

  /** Takes an event; one seen before yields nothing. */
  *event(raw: WireEvent): Generator<WatchEvent> {
    const event = eventOf(raw);
    if (!event || event.sequence <= this.#afterSequence) return;
    this.#afterSequence = event.sequence;
    yield* this.#restart(event.sequence, event.attempt);
    this.#shownSequence = Math.max(this.#shownSequence, event.sequence);
    this.ended ||= event.kind === 'state' && isTerminal(event.task.state);
    yield event;
  }

  /** Nothing more will come on this stream. Ends the follow where a terminal snapshot was the last word. */
  *finish(): Generator<WatchEvent> {
    const task = this.#last;
    if (!task || this.ended) return;
    this.ended = true;
    if (task.sequence > this.#shownSequence) yield this.#show(task);
  }

  #show(task: Task): SnapshotEvent {
    this.#shownSequence = task.sequence;
    return { kind: 'snapshot', taskId: this.taskId, sequence: task.sequence, attempt: task.attempt, task };
  }

  *#restart(sequence: number, attempt: number): Generator<WatchEvent> {
    const restarted = this.#attempt > 0 && attempt > this.#attempt;
    this.#attempt = Math.max(this.#attempt, attempt);
    if (restarted) yield { kind: 'restarted', taskId: this.taskId, sequence, attempt };
  }
}
