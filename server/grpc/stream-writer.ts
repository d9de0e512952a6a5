/** Writes replies to a stream at its client's pace. */

import type { Writable } from 'node:stream';

/**
 * grpc-js counts queued messages, whatever their size: bytes are counted here. As many as an HTTP/2 stream of Node's takes at
 * once; thousands of clients may leave theirs unread.
 */
const queuedBytes = 16 * 1_024;

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

  /**
   * Queues a message. Undefined where the stream has room for the next one, else it resolves when there is, or the stream is closed.
   * What waits here does not hold the message.
   */
  write(bytes: { byteLength: number }): Promise<void> | undefined {
    const { byteLength } = bytes;
    this.#queued += byteLength;
    this.#stream.write(bytes, this.#written(byteLength));
    return this.#full() ? new Promise((resolve) => (this.#wake = resolve)) : undefined;
  }

  #written(byteLength: number): () => void {
    return () => {
      this.#queued -= byteLength;
      if (!this.#full()) this.#wake?.();
    };
  }

  #full(): boolean {
    return !this.#stream.destroyed && (this.#queued > queuedBytes || this.#stream.writableNeedDrain);
  }
}
