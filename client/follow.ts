/** One followed task across reconnects: what was seen, what is new, and whether it is over. */

import type { TaskEvent as WireEvent } from '../proto/gen/inferq/v1/event.ts';
import type { Task as WireTask } from '../proto/gen/inferq/v1/task.ts';
import { eventOf, type WatchEvent } from './wire/event.ts';
import { isTerminal, taskOf } from './wire/task.ts';

export class Follow {
  readonly taskId: string;
  #sequence: number;
  #attempt = 0;
  #started = false;
  #ended = false;

  /** Events up to `afterSequence` are known already. */
  constructor(taskId: string, afterSequence = 0) {
    this.taskId = taskId;
    this.#sequence = afterSequence;
  }

  /** Where to resume: the sequence of the last thing that came. */
  get afterSequence(): bigint {
    return BigInt(this.#sequence);
  }

  /** The terminal state was yielded. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes the snapshot that a watch begins with. After a reconnect it is yielded only where it says something new; a sequence
   * below the last one is news too: the store lost its last moments, and numbers on from there.
   */
  *snapshot(raw: WireTask): Generator<WatchEvent> {
    const task = taskOf(raw);
    const { sequence, attempt } = task;
    const isNews = !this.#started || sequence !== this.#sequence;
    this.#started = true;
    this.#sequence = sequence;
    yield* this.#restart(attempt);
    this.#ended = isTerminal(task.state);
    if (isNews) yield { kind: 'snapshot', taskId: this.taskId, sequence, attempt, task };
  }

  /** Takes an event; one seen before yields nothing. */
  *event(raw: WireEvent): Generator<WatchEvent> {
    const event = eventOf(raw);
    if (!event || event.sequence <= this.#sequence) return;
    this.#started = true;
    this.#sequence = event.sequence;
    yield* this.#restart(event.attempt);
    this.#ended = event.kind === 'state' && isTerminal(event.task.state);
    yield event;
  }

  *#restart(attempt: number): Generator<WatchEvent> {
    const restarted = this.#attempt > 0 && attempt > this.#attempt;
    this.#attempt = Math.max(this.#attempt, attempt);
    if (restarted) yield { kind: 'restarted', taskId: this.taskId, sequence: this.#sequence, attempt };
  }
}
