/** What a server takes in: how many calls, how many bytes of requests, and for how long each may arrive. */

import { limits } from '@inferq/core/limits.ts';
import type { Refusal } from '@inferq/core/refusal.ts';
import { messageTimeout } from '../refusals.ts';
import { prefixBytes } from './assembler.ts';
import { Bounded } from './bounded.ts';

/** A call whose request, or whose next message, has begun to arrive. */
export interface Arriving {
  /** Whether the client is to blame for it: not where the server itself does not read. */
  waits(): boolean;
  refuse(refusal: Refusal): void;
}

const lookEveryMs = 1_000;

export class Intake {
  readonly mostBytes: number;
  readonly calls = new Bounded(limits.open.calls);
  readonly submitStreams = new Bounded(limits.open.submitStreams);
  readonly bytes: Bounded;
  /** Since when each has been arriving. */
  readonly #arriving = new Map<Arriving, number>();
  readonly #timer: NodeJS.Timeout;

  /** `messageMs` is how long a message may take. */
  constructor(mostBytes: number, messageMs: number = limits.open.messageMs) {
    const { connection, server } = limits.open.largestMessages;
    this.mostBytes = mostBytes;
    const frameBytes = prefixBytes + mostBytes;
    this.bytes = new Bounded({ connection: connection * frameBytes, server: server * frameBytes });
    this.#timer = setInterval(() => this.#refuseLate(messageMs), Math.min(lookEveryMs, messageMs)).unref();
  }

  /** Its time runs from now on, where it does not run yet. */
  begin(call: Arriving): void {
    if (!this.#arriving.has(call)) this.#arriving.set(call, performance.now());
  }

  /** All of it is there, or it has ended. */
  end(call: Arriving): void {
    this.#arriving.delete(call);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #refuseLate(messageMs: number): void {
    const now = performance.now();
    for (const [call, since] of this.#arriving) {
      if (!call.waits()) this.#arriving.set(call, now);
      else if (now - since > messageMs) {
        this.#arriving.delete(call);
        call.refuse(messageTimeout(messageMs));
      }
    }
  }
}
