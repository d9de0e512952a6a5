/** What the recent past says of how long things take: exponentially weighted averages. Milliseconds. */

const newest = 0.2;

/** A moving average; undefined before the first observation. */
export class Average {
  #value: number | undefined;

  get value(): number | undefined {
    return this.#value;
  }

  observe(ms: number): void {
    this.#value = this.#value === undefined ? ms : this.#value + newest * (ms - this.#value);
  }
}

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

  /** How long a run of so many rows will take; undefined where none of that size was seen. */
  predict(model: string, rows: number): number | undefined {
    return this.#average(model, rows).value;
  }
}
