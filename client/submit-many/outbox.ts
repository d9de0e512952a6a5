/** Items to one stream: what is ready in the same tick goes out in one message, and no faster than the server takes it. */

import { SubmitManyRequest, type SubmitManyRequest_Item as WireItem } from '../../proto/gen/inferq/v1/broker.ts';
import type { Duplex } from '../calls/duplex.ts';
import { encode } from '../codec.ts';
import { itemBytes } from './size.ts';

const messageItems = 256;
const messageBytes = 1_024 * 1_024;

export class Outbox {
  readonly #stream: Pick<Duplex<unknown>, 'write' | 'end'>;
  readonly #pending: WireItem[] = [];
  #writing = false;
  #ending = false;

  constructor(stream: Pick<Duplex<unknown>, 'write' | 'end'>) {
    this.#stream = stream;
  }

  push(items: readonly WireItem[]): void {
    for (const item of items) this.#pending.push(item);
    this.#start();
  }

  /** Nothing more will be pushed: the stream is half-closed after what is pending. */
  end(): void {
    this.#ending = true;
    this.#start();
  }

  #start(): void {
    if (this.#writing) return;
    this.#writing = true;
    setImmediate(() => void this.#write());
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      await this.#stream.write(encode(SubmitManyRequest, { items: this.#nextBatch() }));
    }
    this.#writing = false;
    if (this.#ending) this.#stream.end();
  }

  #nextBatch(): WireItem[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#pending) {
      bytes += itemBytes(item);
      if (count > 0 && (bytes > messageBytes || count >= messageItems)) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }
}
