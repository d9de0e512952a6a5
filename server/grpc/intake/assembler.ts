/**
 * Puts messages together from the data frames of a call, in place of the decoder of grpc-js: that one holds all frames of a message
 * until the last has come, and then copies them at once.
 */

import type { Bounds } from './bounded.ts';
import type { Hold } from './hold.ts';

/** A flag for compression, and the length of the message in 4 bytes. */
export const prefixBytes = 5;
const firstBytes = 64 * 1_024;

/** Why a message is not taken. */
export type Obstacle = { kind: 'tooLarge' } | { kind: 'full'; whose: keyof Bounds } | { kind: 'corrupt'; why: string };

export interface AssemblyOptions {
  /** The largest message. */
  mostBytes: number;
  /** Counts the memory of a message that does not come in one piece. */
  hold(): Hold;
  /** Called once; nothing is taken afterwards. */
  refuse(obstacle: Obstacle): void;
}

export class Assembler {
  readonly #options: AssemblyOptions;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixed = 0;
  /** The message with its prefix, as far as it has come. */
  #frame: Buffer | undefined;
  #filled = 0;
  #size = 0;
  #hold: Hold | undefined;
  #refused = false;

  constructor(options: AssemblyOptions) {
    this.#options = options;
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#prefixed > 0;
  }

  /** Takes what came; returns the messages that are complete with it, each behind its prefix. */
  write(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    for (let at = 0; at < data.length && !this.#refused; ) {
      if (this.#prefixed < prefixBytes) {
        const from = at;
        at += data.copy(this.#prefix, this.#prefixed, at);
        this.#prefixed += at - from;
        if (this.#prefixed < prefixBytes || !this.#begin(data.length - at)) continue;
      }
      const next = Math.min(this.#size - this.#filled, data.length - at);
      const frame = this.#room(this.#filled + next);
      if (frame === undefined) break;
      at += data.copy(frame, this.#filled, at, at + next);
      this.#filled += next;
      if (this.#filled === this.#size) messages.push(this.#end(frame));
    }
    return messages;
  }

  /** Makes room for the message whose prefix is complete; so many bytes of it are there already. */
  #begin(there: number): boolean {
    const bytes = this.#prefix.readUInt32BE(1);
    if (bytes > this.#options.mostBytes) return this.#refuse({ kind: 'tooLarge' });
    this.#size = prefixBytes + bytes;
    this.#filled = prefixBytes;
    // A message in one piece is not counted: it is small, and handled before anything else comes.
    if (bytes <= there) this.#frame = Buffer.allocUnsafe(this.#size);
    else this.#hold = this.#options.hold();
    const frame = this.#room(prefixBytes);
    frame?.set(this.#prefix);
    return frame !== undefined;
  }

  /** Memory for so many bytes of the message at least; undefined where that would be too much. It grows with what comes. */
  #room(bytes: number): Buffer | undefined {
    const before = this.#frame;
    if (before !== undefined && before.length >= bytes) return before;
    const length = Math.min(this.#size, Math.max(bytes, firstBytes, 2 * (before?.length ?? 0)));
    const full = this.#hold?.grow(length);
    if (full !== undefined) {
      this.#refuse({ kind: 'full', whose: full });
      return undefined;
    }
    const frame = Buffer.allocUnsafeSlow(length);
    before?.copy(frame, 0, 0, this.#filled);
    this.#frame = frame;
    return frame;
  }

  #end(frame: Buffer): Buffer {
    this.#hold?.keep(frame.buffer);
    this.#reset();
    return frame;
  }

  #refuse(obstacle: Obstacle): boolean {
    this.#refused = true;
    this.#hold?.release();
    this.#reset();
    this.#options.refuse(obstacle);
    return false;
  }

  #reset(): void {
    this.#prefixed = 0;
    this.#frame = undefined;
    this.#hold = undefined;
  }
}
