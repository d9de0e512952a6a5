/** SIGTERM and SIGINT: the first asks for a graceful stop, as a terminal that closes does, the second for an immediate one. */

import { isatty } from 'node:tty';

const signals = ['SIGTERM', 'SIGINT'] as const;

export class StopSignals {
  readonly #first = new AbortController();
  readonly #second = new AbortController();
  readonly #onSignal = () => {
    (this.#first.signal.aborted ? this.#second : this.#first).abort();
  };

  readonly #onHangup: () => void;

  /** Listens until `close`. `onHangup` hears of a SIGHUP that does not come from the terminal. */
  constructor(onHangup: () => void) {
    const terminals = [0, 1, 2].filter(isatty);
    this.#onHangup = () => {
      if (terminals.some((descriptor) => !isatty(descriptor))) this.#first.abort();
      else onHangup();
    };
    for (const signal of signals) process.on(signal, this.#onSignal);
    process.on('SIGHUP', this.#onHangup);
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
    process.removeListener('SIGHUP', this.#onHangup);
  }
}
