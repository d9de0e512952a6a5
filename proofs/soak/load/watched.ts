/** Holds a task's events to their order, and keeps how it ended. */

import { type ChunkEvent, isTerminal, type Task, type WatchEvent } from '@inferq/client/index.ts';
import { expectThat } from './tally.ts';

export class Watched {
  /** As it ended; undefined before. */
  end: Task | undefined;
  /** Of the last attempt. */
  chunks: ChunkEvent[] = [];
  // The snapshot before a replay of chunks has 0.
  #sequence = -1;
  #attempt = 0;

  /** Throws a WrongAnswer where the event cannot follow those before. */
  take(event: WatchEvent): void {
    expectThat(this.end === undefined, `task ${event.taskId} went on after its end`);
    if (event.attempt > this.#attempt) {
      this.#attempt = event.attempt;
      this.chunks = [];
    }
    if (event.kind === 'restarted') return;
    expectThat(event.sequence > this.#sequence, `task ${event.taskId}: sequence ${event.sequence} came after ${this.#sequence}`);
    this.#sequence = event.sequence;
    if (event.kind === 'chunk') {
      expectThat(event.index === this.chunks.length, `task ${event.taskId}: chunk ${event.index} came instead of ${this.chunks.length}`);
      this.chunks.push(event);
    } else if (event.kind !== 'progress' && isTerminal(event.task.state)) this.end = event.task;
  }
}

/** Watches a task to its end. Throws a WrongAnswer where that does not come, or out of order. */
export async function watchToEnd(events: AsyncIterable<WatchEvent>): Promise<Watched & { end: Task }> {
  const watched = new Watched();
  for await (const event of events) watched.take(event);
  const { end } = watched;
  expectThat(end !== undefined, 'a watch ended before its task');
  return Object.assign(watched, { end });
}
