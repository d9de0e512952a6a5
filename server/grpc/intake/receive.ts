/**
 * Takes over from grpc-js how the messages of a call arrive: put together within limits, unpacked within limits, in time. The members
 * used here are private: a call without them is refused, and server/test/intake.test.ts notices.
 */

import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptor, ServerMethodDefinition } from '@grpc/grpc-js';
import { ServerInterceptingCall } from '@grpc/grpc-js';
import { limits } from '@inferq/core/limits.ts';
import type { Refusal } from '@inferq/core/refusal.ts';
import { malformedRequest, messageTooLarge, requestsFill, requestTooLarge, tooManyCalls } from '../refusals.ts';
import { refusalStatus } from '../status.ts';
import { Assembler, type Obstacle, prefixBytes } from './assembler.ts';
import { Hold, letGo } from './hold.ts';
import { type Compression, inflate, isCompression } from './inflate.ts';
import type { Intake } from './intake.ts';

/** What is used of a call of grpc-js' own. */
interface BaseCall {
  stream: ServerHttp2Stream;
  decoder: { write(data: Buffer): Buffer[] };
  decompressMessage(framed: Buffer, encoding: string): Buffer | Promise<Buffer>;
}

const cutOffMs = 1_000;
const submitPath = '/inferq.v1.Broker/Submit';
const submitManyPath = '/inferq.v1.Broker/SubmitMany';

/** The first interceptor of a server. */
export function receiveWith(intake: Intake): ServerInterceptor {
  return (method, call) => {
    const base = call as unknown as BaseCall;
    if (typeof base.decoder?.write !== 'function' || typeof base.decompressMessage !== 'function' || base.stream === undefined) {
      throw new Error('this version of grpc-js puts messages together in another way: see server/grpc/intake/receive.ts');
    }
    const refuse = (refusal: Refusal): void => {
      // A call that is not whole yet would not be ended.
      process.nextTick(() => call.sendStatus(refusalStatus(refusal)));
      // A client that goes on sending is cut off.
      setTimeout(() => base.stream.close(), cutOffMs).unref();
    };
    new Reception(intake, method, base, refuse).open();
    return new ServerInterceptingCall(call);
  };
}

class Reception {
  readonly #intake: Intake;
  readonly #method: ServerMethodDefinition<unknown, unknown>;
  readonly #call: BaseCall;
  readonly #refuse: (refusal: Refusal) => void;
  readonly #mostBytes: number;
  readonly #holds = new Set<Hold>();

  constructor(intake: Intake, method: ServerMethodDefinition<unknown, unknown>, call: BaseCall, refuse: (refusal: Refusal) => void) {
    this.#intake = intake;
    this.#method = method;
    this.#call = call;
    this.#refuse = refuse;
    const submits = method.path === submitPath || method.path === submitManyPath;
    this.#mostBytes = submits ? intake.mostBytes : Math.min(intake.mostBytes, limits.request.smallRequestBytes);
  }

  open(): void {
    const { stream } = this.#call;
    const connection = stream.session ?? stream;
    if (!this.#enter(connection)) return;
    const hold = (): Hold => {
      const held = new Hold(this.#intake.bytes, connection);
      this.#holds.add(held);
      return held;
    };
    const refuse = (obstacle: Obstacle): void => this.#refuse(this.#refusalOf(obstacle));
    const assembler = new Assembler({ mostBytes: this.#mostBytes, hold, refuse });
    const arriving = { waits: () => !stream.isPaused(), refuse: this.#refuse };
    const { requestStream } = this.#method;
    this.#call.decoder = {
      write: (data) => {
        const messages = assembler.write(data);
        if (assembler.partial) this.#intake.begin(arriving);
        else if (requestStream || messages.length > 0) this.#intake.end(arriving);
        return messages;
      },
    };
    this.#unpackWith(hold);
    // A single request is on its way from the start.
    if (!requestStream) this.#intake.begin(arriving);
    stream.once('close', () => {
      this.#intake.end(arriving);
      for (const held of this.#holds) held.release();
    });
  }

  /** Counts the call until it closes; false where there is one too many. */
  #enter(connection: object): boolean {
    const { calls, submitStreams } = this.#intake;
    const { stream } = this.#call;
    const counts =
      this.#method.path === submitManyPath
        ? ([
            [calls, 'calls'],
            [submitStreams, 'SubmitMany streams'],
          ] as const)
        : ([[calls, 'calls']] as const);
    for (const [count, what] of counts) {
      const full = count.take(connection, 1);
      if (full !== undefined) {
        this.#refuse(tooManyCalls(full, what, count.bounds[full]));
        return false;
      }
      stream.once('close', () => count.give(connection, 1));
    }
    return true;
  }

  #unpackWith(hold: () => Hold): void {
    const call = this.#call;
    const unpack = call.decompressMessage.bind(call);
    call.decompressMessage = (framed, encoding) =>
      isCompression(encoding) ? this.#unpacked(framed.subarray(prefixBytes), encoding, hold()) : unpack(framed, encoding);
  }

  async #unpacked(packed: Buffer, compression: Compression, hold: Hold): Promise<Buffer> {
    const message = await inflate(packed, compression, this.#mostBytes, hold);
    letGo(packed);
    if (!('kind' in message)) return message;
    hold.release();
    // grpc-js ends the call with what is thrown.
    throw refusalStatus(this.#refusalOf(message));
  }

  #refusalOf(obstacle: Obstacle): Refusal {
    switch (obstacle.kind) {
      case 'tooLarge':
        return this.#mostBytes === this.#intake.mostBytes ? messageTooLarge(this.#mostBytes) : requestTooLarge(this.#mostBytes);
      case 'full':
        return requestsFill(obstacle.whose);
      case 'corrupt':
        return malformedRequest(obstacle.why);
    }
  }
}
