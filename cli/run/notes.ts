/** What a person who waits is told while nothing happens: that no worker takes the task, or that the server is gone; and the end of either. */

import type { Task } from '@inferq/client/wire/task.ts';
import { oneLine } from '@inferq/core/plain-text.ts';

export class Notes {
  readonly #say: (line: string) => void;
  #unserved = '';
  #away = false;

  constructor(say: (line: string) => void) {
    this.#say = (line) => say(oneLine(line));
  }

  /** A call failed and will be tried again. Said once for each outage. */
  lost(error: Error): void {
    if (!this.#away) this.#say(`The server does not answer (${error.message}); trying again.`);
    this.#away = true;
  }

  /** The server answered. */
  heard(): void {
    if (this.#away) this.#say('The server answers again.');
    this.#away = false;
  }

  /** The task as it was just read. */
  saw(task: Task): void {
    this.heard();
    if (task.unserved && task.unservedReason !== this.#unserved) this.#say(`Waiting: ${task.unservedReason}.`);
    const taken = !task.unserved && task.state !== 'CANCELLED' && task.state !== 'EXPIRED';
    if (taken && this.#unserved !== '') this.#say(`${task.model}:${task.version} is served now.`);
    this.#unserved = task.unservedReason;
  }

  /** The task as it was just shown, with what there is to say of it. */
  showed(task: Task): void {
    this.heard();
    this.#unserved = task.unservedReason;
  }
}
