/** The memory of one large request, counted from its first byte until it is stored. */

import type { Bounded, Bounds } from './bounded.ts';

const holds = new WeakMap<ArrayBufferLike, Hold>();

export class Hold {
  readonly #budget: Bounded;
  readonly #connection: object;
  #bytes = 0;
  #users = 1;

  constructor(budget: Bounded, connection: object) {
    this.#budget = budget;
    this.#connection = connection;
  }

  /** Counts so many bytes in all; says whose limit stands against it. */
  grow(bytes: number): keyof Bounds | undefined {
    const full = this.#budget.take(this.#connection, bytes - this.#bytes);
    if (full === undefined) this.#bytes = bytes;
    return full;
  }

  /** The bytes are in this buffer. */
  keep(buffer: ArrayBufferLike): void {
    holds.set(buffer, this);
  }

  /** So many will let go of it. */
  share(users: number): void {
    this.#users = users;
    if (users === 0) this.release();
  }

  /** One of its users needs it no longer. */
  letGo(): void {
    this.#users -= 1;
    if (this.#users === 0) this.release();
  }

  release(): void {
    this.#budget.give(this.#connection, this.#bytes);
    this.#bytes = 0;
  }
}

/** So many parts of this message are used on their own. */
export function shareHold({ buffer }: Uint8Array, users: number): void {
  holds.get(buffer)?.share(users);
}

/** These bytes, of a request or of a part that uses it, are no longer needed. */
export function letGo({ buffer }: Uint8Array): void {
  holds.get(buffer)?.letGo();
}
