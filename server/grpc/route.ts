/** One method of a service as grpc-js wants it: how calls are decoded and who handles them. Replies are bytes already. */

import type { Server } from '@grpc/grpc-js';
import type { Closing } from './closing.ts';
import type { MessageType } from './codec.ts';
import type { RequestType } from './intake/request-decoder.ts';
import { requestDecoder } from './intake/request-decoder.ts';
import { Fields } from './replies/fields.ts';

/** What is needed of a generated method definition. */
export interface Method<Request, Reply> {
  name: string;
  requestType: RequestType<Request>;
  responseType: MessageType<Reply>;
}

/** A reply as a message, or encoded by the handler. */
export type ReplyOf<Message> = Message | Fields;

/** The bytes of a reply. */
export function encodeReply<Message>({ responseType }: Method<never, Message>, reply: ReplyOf<Message>): Fields {
  return reply instanceof Fields ? reply : Fields.of(responseType, reply);
}

/** What every call needs of the server around it. */
export interface Edge {
  closing: Closing;
  /** Logs a surprise in a method and returns the id under which it was logged. */
  report(method: string, error: unknown): string;
}

export type RouteKind = 'unary' | 'serverStream' | 'bidi';

export interface Route {
  method: Method<never, never>;
  kind: RouteKind;
  // biome-ignore lint/suspicious/noExplicitAny: grpc-js knows four kinds of handlers, told apart by `kind`.
  handle(edge: Edge): any;
}

/** Serves the routes of one service, named in full. */
export function addRoutes(server: Server, service: string, routes: readonly Route[], edge: Edge): void {
  for (const { method, kind, handle } of routes) {
    const path = `/${service}/${method.name}`;
    // Of a reply, grpc-js asks its length, and to be copied into the frame.
    const serialize = (reply: Fields): Buffer => reply as unknown as Buffer;
    server.register(path, handle(edge), serialize, requestDecoder(path, method.requestType), kind);
  }
}
