/** Calls with one request and one reply, as async functions. */

import type { ServerUnaryCall, StatusObject, sendUnaryData } from '@grpc/grpc-js';
import type { Outcome } from '@inferq/core/refusal.ts';
import type { CallContext } from '../broker.ts';
import { callContext, isAbort } from './call-context.ts';
import { Unreadable } from './intake/request-decoder.ts';
import { shuttingDown } from './refusals.ts';
import type { Fields } from './replies/fields.ts';
import type { Edge, Method, ReplyOf, Route } from './route.ts';
import { encodeReply } from './route.ts';
import { refusalStatus, surpriseStatus } from './status.ts';

/** An outcome of a use case, or a status of the edge's own. */
export type Answer<Reply> = Outcome<Reply> | { ok: false; status: StatusObject };

export type UnaryHandler<Request, Reply> = (request: Request, call: CallContext) => Promise<Answer<ReplyOf<Reply>>>;

/** A route to a handler. A handler that throws is reported, and its client told so. */
export function unaryRoute<Request, Reply>(method: Method<Request, Reply>, handler: UnaryHandler<Request, Reply>): Route {
  const handle =
    (edge: Edge) =>
    (call: ServerUnaryCall<Request | Unreadable, Fields>, callback: sendUnaryData<Fields>): void => {
      const client = new AbortController();
      let over = false;
      // grpc-js says 'cancelled' at the end of every call: only before the reply does it mean that the client has gone.
      const finish = (): boolean => {
        if (over) return false;
        over = true;
        leave();
        return true;
      };
      const fail = (status: StatusObject): void => {
        if (finish()) callback(status);
      };
      call.on('cancelled', () => {
        if (finish()) client.abort();
      });
      let leave = (): void => undefined;
      leave = edge.closing.enter('single', () => fail(refusalStatus(shuttingDown)));
      const answer = async (): Promise<void> => {
        if (over) return;
        const { request } = call;
        if (request instanceof Unreadable) return fail(refusalStatus(request.refusal));
        const outcome = await handler(request, callContext(call, client));
        if (!outcome.ok) return fail('status' in outcome ? outcome.status : refusalStatus(outcome.refusal));
        const reply = encodeReply(method as Method<never, Reply>, outcome.value);
        if (finish()) callback(null, reply);
      };
      answer().catch((error: unknown) => {
        if (!isAbort(error, client.signal)) fail(surpriseStatus(edge.report(method.name, error)));
      });
    };
  return { method: method as Method<never, never>, kind: 'unary', handle };
}
