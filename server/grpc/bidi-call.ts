/** Calls with a stream of requests and a stream of replies. */

import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { CallContext } from '../broker.ts';
import { Unreadable } from './intake/request-decoder.ts';
import type { Fields } from './replies/fields.ts';
import { ReplyStream } from './reply-stream.ts';
import type { Edge, Method, ReplyOf, Route } from './route.ts';
import { refusalStatus } from './status.ts';

/** One open call: `receive` resolves when the next request may be read. */
export interface Conversation<Request, Reply> {
  receive(request: Request): Promise<void>;
  /** The client sends no more. */
  end(): void;
  replies: AsyncIterable<ReplyOf<Reply>>;
}

export type BidiHandler<Request, Reply> = (call: CallContext) => Conversation<Request, Reply>;

/** A route to a handler. */
export function bidiRoute<Request, Reply>(method: Method<Request, Reply>, handler: BidiHandler<Request, Reply>): Route {
  const handle =
    (edge: Edge) =>
    (call: ServerDuplexStream<Request | Unreadable, Fields>): void => {
      readOneByOne(call);
      const replies = new ReplyStream<Reply>(call, method as Method<never, Reply>, edge);
      const answer = async (): Promise<void> => {
        const conversation = handler(replies.context);
        const take = async (request: Request | Unreadable): Promise<void> => {
          if (request instanceof Unreadable) replies.fail(refusalStatus(request.refusal));
          else await conversation.receive(request);
        };
        // Not the stream's own iterator. A status that is not OK goes to grpc-js as an 'error' event, and at that the iterator destroys
        // the call: while a reply is being written, the status is then never sent.
        let taken: Promise<unknown> = Promise.resolve();
        call.on('data', (request: Request | Unreadable) => {
          call.pause();
          taken = take(request).then(
            () => replies.over || call.resume(),
            (error: unknown) => replies.over || call.destroyed || replies.broken(error),
          );
        });
        // A paused stream ends too once it is empty: the last request may still be on its way in.
        call.on('end', () => void taken.then(() => conversation.end()));
        await replies.send(conversation.replies);
      };
      answer().catch((error: unknown) => replies.broken(error));
    };
  return { method: method as Method<never, never>, kind: 'bidi', handle };
}

/** Keeps grpc-js from reading 16 messages ahead, whatever their size. The member is private: without it, calls only buffer more. */
function readOneByOne(call: unknown): void {
  const state = (call as { _readableState?: { highWaterMark?: unknown } })._readableState;
  if (typeof state?.highWaterMark === 'number') state.highWaterMark = 1;
}
