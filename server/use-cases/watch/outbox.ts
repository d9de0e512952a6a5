/** What waits to be taken by one reader: a bounded buffer between tasks that produce events and a stream that may be slow. */

/** How much may wait before live events have to be read later from the log instead. */
export interface OutboxBounds {
  items: number;
  bytes: number;
}

interface Waiting {
  bytes: number;
  admit(): void;
}

/**
 * Collects items; iteration yields all that is there as one array. `reserve` makes producers that read from the store take turns,
 * so that what they hold is bounded too.
 */
export class Outbox<T> implements AsyncIterable<T[]> {
  #items: T[] = [];
  #bytes = 0;
  #reserved = 0;
  #waiting: Waiting[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #bounds: OutboxBounds;

  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  /** Whether one more item may be put now, without a reservation. */
  get hasRoom(): boolean {
    return this.#items.length < this.#bounds.items && this.#bytes + this.#reserved < this.#bounds.bytes;
  }

  /** Adds an item of about `bytes`. What must not be lost may be put without room. */
  put(item: T, bytes: number): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#bytes += bytes;
    this.#rouse();
  }

  /** Waits, first come first served, until `bytes` more fit, or nothing else is here. Pair it with `release`. */
  async reserve(bytes: number): Promise<void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((admit) => this.#waiting.push({ bytes, admit }));
    } else {
      this.#reserved += bytes;
    }
  }

  release(bytes: number): void {
    this.#reserved -= bytes;
    this.#admit();
  }

  /** No item follows; with an error, iteration throws it after the items that are left. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#rouse();
    this.#admit();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** All that is there, as soon as there is anything; undefined after the end, or its error. For one reader. */
  take(): Promise<T[] | undefined> {
    if (this.#items.length > 0) return Promise.resolve(this.#takeAll());
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(undefined);
    // What else is put in the same step is taken with it.
    return new Promise<void>((wake) => (this.#wake = wake)).then(() => this.take());
  }

  /** Takes for one reader; leaving the loop ends the outbox. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T[]> {
    try {
      for (let items = await this.take(); items !== undefined; items = await this.take()) yield items;
    } finally {
      this.end();
    }
  }

  #takeAll(): T[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    this.#admit();
    return items;
  }

  #fits(bytes: number): boolean {
    const held = this.#bytes + this.#reserved;
    return this.#ended || held === 0 || (this.#items.length < this.#bounds.items && held + bytes <= this.#bounds.bytes);
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#reserved += next.bytes;
      next.admit();
    }
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
