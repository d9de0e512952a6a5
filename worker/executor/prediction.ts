/** What the recent past says of how long things take: exponentially weighted averages. Milliseconds. */

const newest = 0.2;

/** A moving average, and how far from it the observations lie; undefined before the first one. */
export class Average {
  #value: number | undefined;
  #deviation = 0;

  get value(): number | undefined {
    return this.#value;
  }

  get deviation(): number {
    return this.#deviation;
  }

  observe(ms: number): void {
    if (this.#value === undefined) {
      this.#value = ms;
      return;
    }
    this.#deviation += newest * (Math.abs(ms - this.#value) - this.#deviation);
    this.#value += newest * (ms - this.#value);
  }
}

/** Runs that take now longer, now shorter are not expected earlier than by this part of their time. */
const mostEarly = 0.1;

/** Run times by model and by rows, in buckets of powers of two. */
export class RunTimes {
  readonly #averages = new Map<string, Average>();

  #average(model: string, rows: number): Average {
    const key = `${model}/${Math.ceil(Math.log2(Math.max(1, rows)))}`;
    const known = this.#averages.get(key);
    if (known) return known;
    const fresh = new Average();
    this.#averages.set(key, fresh);
    return fresh;
  }

  observe(model: string, rows: number, ms: number): void {
    this.#average(model, rows).observe(ms);
  }

  /** When a run of so many rows may well be over, though most take a little longer; undefined where none of that size was seen. */
  predict(model: string, rows: number): number | undefined {
    const { value, deviation } = this.#average(model, rows);
    return value && value - Math.min(2 * deviation, mostEarly * value);
  }
}
