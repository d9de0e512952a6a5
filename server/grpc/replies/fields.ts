/** Encoded fields of a message, in pieces that are not copied before they go into the frame of a reply. */

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageType } from '../codec.ts';
import { encodeMessage } from '../codec.ts';

const lengthDelimited = 2;

export class Fields {
  readonly #pieces: readonly Uint8Array[];
  readonly byteLength: number;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    this.byteLength = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** All fields of a message. */
  static of<T>(type: MessageType<T>, message: T): Fields {
    return new Fields([encodeMessage(type, message)]);
  }

  static none = new Fields([]);

  /** These fields, and then others. */
  and(...others: readonly Fields[]): Fields {
    return new Fields([this, ...others].flatMap((fields) => fields.#pieces));
  }

  /** One field of this number, which holds a message of these fields. */
  in(number: number): Fields {
    const head = new BinaryWriter()
      .uint32((number << 3) | lengthDelimited)
      .uint32(this.byteLength)
      .finish();
    return new Fields([head, ...this.#pieces]);
  }

  /** Writes all bytes into `target` from `at` on: what grpc-js asks of an encoded message, besides its length. */
  copy(target: Uint8Array, at: number): void {
    let next = at;
    for (const piece of this.#pieces) {
      target.set(piece, next);
      next += piece.length;
    }
  }
}
