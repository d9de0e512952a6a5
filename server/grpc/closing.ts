/** What is open while the server runs, so that a stop can end it: streams at once, single calls when their grace is over. */

export type CallKind = 'stream' | 'single';

export class Closing {
  readonly #open = { stream: new Set<() => void>(), single: new Set<() => void>() };
  readonly #ended = { stream: false, single: false };

  /** Enters a call; `end` is called when calls of its kind must end, at once where that time has come. Returns how to leave. */
  enter(kind: CallKind, end: () => void): () => void {
    if (this.#ended[kind]) {
      end();
      return () => undefined;
    }
    const open = this.#open[kind];
    open.add(end);
    return () => open.delete(end);
  }

  /** Ends every call of a kind, and those still to come. */
  end(kind: CallKind): void {
    this.#ended[kind] = true;
    for (const end of [...this.#open[kind]]) end();
  }
}
