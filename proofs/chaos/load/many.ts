/** Tasks handed over on one stream, each followed to its end. */

import type { SubmitManyItem, SubmitManyOutput } from '@inferq/client/index.ts';
import type { Entry } from '../oracle/entry.ts';
import { WatchCheck } from '../oracle/watch-check.ts';
import type { LoadClient } from './clients.ts';
import { accept, fail, type LoadParts } from './single.ts';

export class ManyStream {
  readonly done: Promise<void>;
  readonly #parts: LoadParts;
  readonly #client: LoadClient;
  readonly #waiting: Entry[] = [];
  readonly #open = new Map<string, { entry: Entry; check: WatchCheck }>();
  #closed = false;
  #wake = () => {};

  constructor(parts: LoadParts, client: LoadClient) {
    this.#parts = parts;
    this.#client = client;
    this.done = this.#run();
  }

  push(entry: Entry): void {
    this.#waiting.push(entry);
    this.#wake();
  }

  /** Tasks that have not ended. */
  get open(): number {
    return this.#waiting.length + this.#open.size;
  }

  /** Nothing more comes. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *#items(): AsyncGenerator<SubmitManyItem> {
    for (;;) {
      const entry = this.#waiting.shift();
      if (entry) {
        const correlationId = String(entry.planned.tag);
        const check = new WatchCheck(this.#parts.ledger, entry, `client ${this.#client.index}, follow`);
        this.#open.set(correlationId, { entry, check });
        yield { submit: entry.planned.request, follow: true, correlationId };
        continue;
      }
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #run(): Promise<void> {
    let why = 'the stream ended';
    try {
      for await (const output of this.#client.api.submitMany(this.#items(), { signal: this.#parts.giveUp })) this.#take(output);
    } catch (error) {
      why = String(error);
    }
    for (const { check, entry } of this.#open.values()) {
      // What was never acknowledged was never promised.
      if (entry.taskId !== undefined) check.close(why);
    }
    if (!this.#closed) this.#parts.ledger.violate(`the stream of client ${this.#client.index} ended: ${why}`);
  }

  #take(output: SubmitManyOutput): void {
    const found = this.#open.get(output.correlationId);
    if (!found) {
      this.#parts.ledger.violate(`client ${this.#client.index} was told of an item ${output.correlationId} that is over`);
      return;
    }
    const { entry, check } = found;
    this.#parts.ledger.heard(this.#client.index);
    if (output.kind === 'accepted') accept(this.#parts, this.#client, entry, output.taskId);
    else if (output.kind === 'event') check.take(output.event);
    else {
      if (entry.taskId === undefined) fail(this.#parts.ledger, entry, output.error);
      else check.close(String(output.error));
      this.#open.delete(output.correlationId);
    }
    if (!check.ended) return;
    check.close('');
    this.#open.delete(output.correlationId);
  }
}
