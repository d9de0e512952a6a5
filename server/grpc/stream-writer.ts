/** Writes replies to a stream at its client's pace. */

import type { Writable } from 'node:stream';

/** grpc-js counts queued messages, whatever their size: bytes are counted here. */
const queuedBytes = 1_024 * 1_024;

export class StreamWriter {
  readonly #stream: Writable;
  #queued = 0;
  #wake: (() => void) | undefined;

  /** `stream` takes encoded messages. */
  constructor(stream: Writable) {
    this.#stream = stream;
    // A call that broke off never drains.
    stream.once('close', () => this.#wake?.());
  }

  /** Queues a message; resolves when the stream has room for the next one, or is closed. */
  async write(bytes: Buffer): Promise<void> {
    this.#queued += bytes.byteLength;
    this.#stream.write(bytes, () => {
      this.#queued -= bytes.byteLength;
      if (!this.#full()) this.#wake?.();
    });
    if (!this.#full()) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #full(): boolean {
    return !this.#stream.destroyed && (this.#queued > queuedBytes || this.#stream.writableNeedDrain);
  }
}
