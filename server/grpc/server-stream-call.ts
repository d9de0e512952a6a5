/** Calls with one request and a stream of replies, as async iterables. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Outcome } from '@inferq/core/refusal.ts';
import type { CallContext } from '../broker.ts';
import { Unreadable } from './intake/request-decoder.ts';
import type { Fields } from './replies/fields.ts';
import { ReplyStream } from './reply-stream.ts';
import type { Edge, Method, ReplyOf, Route } from './route.ts';
import { refusalStatus } from './status.ts';

export type ServerStreamHandler<Request, Reply> = (request: Request, call: CallContext) => Promise<Outcome<AsyncIterable<ReplyOf<Reply>>>>;

/** A route to a handler; its iterable is read no faster than the client takes the replies. */
export function serverStreamRoute<Request, Reply>(method: Method<Request, Reply>, handler: ServerStreamHandler<Request, Reply>): Route {
  const handle =
    (edge: Edge) =>
    (call: ServerWritableStream<Request | Unreadable, Fields>): void => {
      const replies = new ReplyStream<Reply>(call, method as Method<never, Reply>, edge);
      const answer = async (): Promise<void> => {
        if (replies.over) return;
        const { request } = call;
        if (request instanceof Unreadable) return replies.fail(refusalStatus(request.refusal));
        const outcome = await handler(request, replies.context);
        if (!outcome.ok) return replies.fail(refusalStatus(outcome.refusal));
        return replies.send(outcome.value);
      };
      answer().catch((error: unknown) => replies.broken(error));
    };
  return { method: method as Method<never, never>, kind: 'serverStream', handle };
}
