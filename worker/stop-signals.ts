/** SIGTERM and SIGINT: the first asks for a graceful stop, the second for an immediate one. */

export class StopSignals {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #onSignal = () => {
    (this.#first.signal.aborted ? this.#second : this.#first).abort();
  };

  /** Listens until `close`. */
  constructor() {
    process.on('SIGTERM', this.#onSignal);
    process.on('SIGINT', this.#onSignal);
  }

  get first(): AbortSignal {
    return this.#first.signal;
  }

  get second(): AbortSignal {
    return this.#second.signal;
  }

  /** Resolves when the signal has come. */
  async arrived(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  close(): void {
    process.removeListener('SIGTERM', this.#onSignal);
    process.removeListener('SIGINT', this.#onSignal);
  }
}
