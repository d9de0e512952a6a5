/** The signals of a server: SIGTERM and SIGINT stop it, SIGHUP makes it reload, unless it says that the terminal has closed. */

import { isatty } from 'node:tty';

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

export class Signals {
  /** Called for each request to reload; whoever has something to reload sets it. */
  onReload: () => void = () => {};
  readonly #stop = new AbortController();
  readonly #terminals = [0, 1, 2].filter(isatty);
  readonly #onStop = (): void => this.#stop.abort();
  readonly #onHangup = (): void => {
    const terminalClosed = this.#terminals.some((descriptor) => !isatty(descriptor));
    if (terminalClosed) this.#stop.abort();
    else this.onReload();
  };

  /** Listens until `close`. */
  constructor() {
    for (const signal of stopSignals) process.on(signal, this.#onStop);
    process.on('SIGHUP', this.#onHangup);
  }

  /** Fires when the server is told to stop. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  close(): void {
    for (const signal of stopSignals) process.off(signal, this.#onStop);
    process.off('SIGHUP', this.#onHangup);
  }
}
