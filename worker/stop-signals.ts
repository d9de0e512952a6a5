/** SIGTERM, SIGINT and SIGHUP: the first asks for a graceful stop, the second for an immediate one. */

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export class StopSignals {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #onSignal = () => {
    (this.#first.signal.aborted ? this.#second : this.#first).abort();
  };

  /** Listens until `close`. */
  constructor() {
    for (const signal of signals) process.on(signal, this.#onSignal);
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
    for (const signal of signals) process.removeListener(signal, this.#onSignal);
  }
}
