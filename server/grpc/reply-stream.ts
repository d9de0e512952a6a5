/** The sending half of a streamed call: an async iterable of replies goes out until it ends, the client leaves or the server stops. */

import type { ServerDuplexStream, ServerWritableStream, StatusObject } from '@grpc/grpc-js';
import type { CallContext } from '../broker.ts';
import { WatchBroken } from '../broker.ts';
import { callContext, isAbort } from './call-context.ts';
import { shuttingDown } from './refusals.ts';
import type { Fields } from './replies/fields.ts';
import type { Edge, Method, ReplyOf } from './route.ts';
import { encodeReply } from './route.ts';
import { refusalStatus, surpriseStatus } from './status.ts';
import { StreamWriter } from './stream-writer.ts';

type ReplyCall = ServerWritableStream<unknown, Fields> | ServerDuplexStream<unknown, Fields>;

export class ReplyStream<Reply> {
  readonly context: CallContext;
  readonly #client = new AbortController();
  readonly #call: ReplyCall;
  readonly #method: Method<never, Reply>;
  readonly #edge: Edge;
  readonly #leave: () => void;
  #replies: AsyncIterator<ReplyOf<Reply>> | undefined;
  #over = false;

  /** Listens to the call's end from now on. */
  constructor(call: ReplyCall, method: Method<never, Reply>, edge: Edge) {
    this.#call = call;
    this.#method = method;
    this.#edge = edge;
    this.context = callContext(call, this.#client);
    // grpc-js says 'cancelled' at the end of every call: only before its status does it mean that the client has gone.
    call.on('cancelled', () => {
      if (this.#finish()) this.#client.abort();
    });
    this.#leave = edge.closing.enter('stream', () => this.fail(refusalStatus(shuttingDown)));
  }

  /** Whether the call has ended, however that came. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends all replies, then ends the call well. */
  async send(replies: AsyncIterable<ReplyOf<Reply>>): Promise<void> {
    const writer = new StreamWriter(this.#call);
    const iterator = replies[Symbol.asyncIterator]();
    this.#replies = iterator;
    // Not in a variable: the frame of this function would hold each reply while its client makes room.
    while (!this.#over && (await iterator.next().then((next) => this.#pass(next, writer))));
    this.#replies = undefined;
    if (this.#finish()) this.#call.end();
    else this.#release(iterator);
  }

  /** Ends the call with a status that is not OK, after what was queued before. */
  fail(status: StatusObject): void {
    if (!this.#finish()) return;
    this.#call.emit('error', status);
    if (this.#replies !== undefined) this.#release(this.#replies);
  }

  /** Ends the call after its handler threw: with the refusal of a watch that cannot go on, else as a surprise, which is reported. */
  broken(error: unknown): void {
    if (error instanceof WatchBroken) this.fail(refusalStatus(error.refusal));
    else if (!isAbort(error, this.#client.signal)) this.fail(surpriseStatus(this.#edge.report(this.#method.name, error)));
  }

  /** Resolves when the next reply may come; to false after the last one. */
  #pass(next: IteratorResult<ReplyOf<Reply>>, writer: StreamWriter): boolean | Promise<boolean> {
    if (next.done === true) return false;
    if (this.#over) return true;
    return writer.write(encodeReply(this.#method, next.value))?.then(() => true) ?? true;
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    // Undefined where the server was stopping when the call came.
    this.#leave?.();
    return true;
  }

  /** Lets the source go. Not awaited: it answers only when the step that it is in comes to its end. */
  #release(iterator: AsyncIterator<ReplyOf<Reply>>): void {
    iterator.return?.().catch((error: unknown) => this.#edge.report(this.#method.name, error));
  }
}
