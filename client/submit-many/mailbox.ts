/** Hands values from loops that run by themselves to one consumer that takes them at its own pace. */

const capacity = 256;

export class Mailbox<T> {
  readonly #values: T[] = [];
  #closed = false;
  #abandoned = false;
  #failure: { error: unknown } | undefined;
  #wakeConsumer = () => {};
  #wakeProducers: (() => void)[] = [];

  push(value: T): void {
    this.#values.push(value);
    this.#wakeConsumer();
  }

  /** Resolves when the consumer has caught up. */
  async room(): Promise<void> {
    if (this.#values.length >= capacity && !this.#abandoned) await new Promise<void>((resolve) => this.#wakeProducers.push(resolve));
  }

  /** The consumer has left: nobody waits for it any more. */
  abandon(): void {
    this.#abandoned = true;
    for (const wake of this.#wakeProducers.splice(0)) wake();
  }

  /** The iteration ends after what is in here. */
  close(): void {
    this.#closed = true;
    this.#wakeConsumer();
  }

  /** The iteration throws after what is in here; the first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#values.length > 0) {
        yield this.#values.shift() as T;
        if (this.#values.length < capacity) for (const wake of this.#wakeProducers.splice(0)) wake();
      }
      if (this.#failure) throw this.#failure.error;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve;
      });
    }
  }
}
