/** One stream that lasts as long as the soak: tasks are handed over on it, and each is followed to its end. */

import type { InferqClient, SubmitManyItem, SubmitManyOutput, WatchEvent } from '@inferq/client/index.ts';
import type { Question } from './requests.ts';
import { type Tally, WrongAnswer } from './tally.ts';
import { Watched } from './watched.ts';

interface Open {
  question: Question;
  watched: Watched;
  settle(error?: unknown): void;
}

export class ManyStream {
  readonly #client: InferqClient;
  readonly #tally: Tally;
  readonly #waiting: SubmitManyItem[] = [];
  readonly #open = new Map<string, Open>();
  readonly #done: Promise<void>;
  #count = 0;
  #closed = false;
  #wake = () => {};

  constructor(client: InferqClient, tally: Tally) {
    this.#client = client;
    this.#tally = tally;
    this.#done = this.#run();
  }

  /** Hands over one task; resolves when it has ended as it must. */
  push(question: Question): Promise<void> {
    return new Promise((resolve, reject) => {
      const correlationId = String(++this.#count);
      const settle = (error?: unknown) => {
        this.#open.delete(correlationId);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#open.set(correlationId, { question, watched: new Watched(), settle });
      this.#waiting.push({ submit: question.request, follow: true, correlationId });
      this.#wake();
    });
  }

  /** Half-closes; resolves when the server has ended the stream. */
  close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    return this.#done;
  }

  async *#items(): AsyncGenerator<SubmitManyItem> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item) yield item;
      else if (this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #run(): Promise<void> {
    let why: unknown = new WrongAnswer('the stream ended before its tasks');
    try {
      for await (const output of this.#client.submitMany(this.#items())) this.#take(output);
    } catch (error) {
      why = error;
    }
    for (const { settle } of [...this.#open.values()]) settle(why);
  }

  #take(output: SubmitManyOutput): void {
    const open = this.#open.get(output.correlationId);
    if (!open) this.#tally.violate('follow', new WrongAnswer(`item ${output.correlationId} went on after its end`));
    else if (output.kind === 'refused') open.settle(output.error);
    else if (output.kind === 'event') this.#hear(open, output.event);
  }

  #hear({ question, watched, settle }: Open, event: WatchEvent): void {
    try {
      watched.take(event);
      if (!watched.end) return;
      question.check(watched.end);
      settle();
    } catch (error) {
      settle(error);
    }
  }
}
