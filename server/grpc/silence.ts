/** Tells a stream's client now and then that the stream is alive. */

/**
 * What `source` yields, with `filler()` after every `silenceMs` without anything. Thousands of these wait at once, for hours: so
 * there are no generators here, and a wait leaves nothing behind in the promise that it waits for.
 */
export function fillSilence<T>(source: AsyncIterable<T>, silenceMs: number, filler: () => T): AsyncIterableIterator<T> {
  return new FilledSilence(source[Symbol.asyncIterator](), silenceMs, filler);
}

class FilledSilence<T> implements AsyncIterableIterator<T> {
  readonly #source: AsyncIterator<T>;
  readonly #silenceMs: number;
  readonly #filler: () => T;
  /** The source was asked and has not answered yet. */
  #asked = false;
  /** Its answer, where it came while nobody waited. */
  #answer: Promise<IteratorResult<T>> | undefined;
  #reader: ((next: IteratorResult<T> | Promise<IteratorResult<T>>) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: AsyncIterator<T>, silenceMs: number, filler: () => T) {
    this.#source = source;
    this.#silenceMs = silenceMs;
    this.#filler = filler;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** To be called again only when the last call was answered. */
  next(): Promise<IteratorResult<T>> {
    if (this.#answer !== undefined) {
      const answer = this.#answer;
      this.#answer = undefined;
      return answer;
    }
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#timer = setTimeout(() => this.#give({ done: false, value: this.#filler() }), this.#silenceMs);
      if (!this.#asked) this.#ask();
    });
  }

  async return(): Promise<IteratorResult<T>> {
    const over = { done: true, value: undefined } as const;
    this.#give(over);
    // Not awaited: a source in the midst of a step answers only when that ends, and then nobody is left to tell.
    this.#source.return?.().catch(() => undefined);
    return over;
  }

  #ask(): void {
    this.#asked = true;
    const answered = (answer: Promise<IteratorResult<T>>) => {
      this.#asked = false;
      if (!this.#give(answer)) this.#answer = answer;
    };
    this.#source.next().then(
      (result) => answered(Promise.resolve(result)),
      (error) => {
        const failure = Promise.reject(error);
        // Whoever asks next is told.
        failure.catch(() => undefined);
        answered(failure);
      },
    );
  }

  /** False where nobody waits. */
  #give(next: IteratorResult<T> | Promise<IteratorResult<T>>): boolean {
    const reader = this.#reader;
    if (reader === undefined) return false;
    clearTimeout(this.#timer);
    this.#reader = undefined;
    this.#timer = undefined;
    reader(next);
    return true;
  }
}
