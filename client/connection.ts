/** What verbs stand on: a channel, its settings, and calls that go through the codec and the retry rules. */

import type { Client } from '@grpc/grpc-js';
import { type Duplex, duplex } from './calls/duplex.ts';
import { serverStream } from './calls/server-stream.ts';
import { unary } from './calls/unary.ts';
import { openChannel } from './channel.ts';
import { type Clock, systemClock } from './clock.ts';
import { encode, type Method } from './codec.ts';
import type { CallOptions, Settings } from './options.ts';
import { proxyOf } from './proxy.ts';
import { Reconnection } from './reconnection.ts';
import { Retries } from './retry.ts';
import { isLoopback, shownServer } from './server-address.ts';
import type { Route } from './unreachable.ts';

/** What tests replace. */
export interface Internals {
  clock: Clock;
  /** A watch without any message for so long is reopened: the server speaks every 30 s. */
  silenceMs: number;
}

export const defaultInternals: Internals = { clock: systemClock, silenceMs: 60_000 };

/** Where a method lives, and how its messages are read. */
export interface Endpoint<Request, Response> {
  service: { fullName: string };
  method: Method<Request, Response>;
}

export interface UnaryOptions extends CallOptions {
  /** How long the server was asked to wait, on top of the usual deadline. */
  waitMs?: number;
}

export class Connection {
  readonly settings: Settings;
  readonly internals: Internals;
  readonly #channel: Client;
  readonly #reconnection: Reconnection;
  readonly #route: Route;

  constructor(settings: Settings, internals: Internals) {
    this.settings = settings;
    this.internals = internals;
    const { server, tls } = settings;
    this.#route = { server: shownServer(server), tls: tls !== undefined, proxy: isLoopback(server) ? undefined : proxyOf(server.host) };
    this.#channel = openChannel(settings);
    this.#reconnection = new Reconnection(this.#channel);
  }

  /** One response, tried again while it may help and the deadline allows. */
  async unary<Request, Response>(endpoint: Endpoint<Request, Response>, request: Request, options: UnaryOptions): Promise<Response> {
    const { clock } = this.internals;
    const deadline = clock.now() + (options.deadlineMs ?? this.settings.deadlineMs + (options.waitMs ?? 0));
    const retries = new Retries(this.settings.retry, clock, Number.isFinite(deadline) ? deadline : undefined, this.#reconnection);
    const call = {
      ...wire(endpoint),
      route: this.#route,
      request: encode(endpoint.method.requestType, request),
      deadline,
      signal: options.signal,
    };
    for (;;) {
      try {
        return await unary(this.#channel, call);
      } catch (error) {
        await retries.wait(error, options.signal);
      }
    }
  }

  /** The responses of one try. */
  serverStream<Request, Response>(
    endpoint: Endpoint<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): AsyncGenerator<Response, void> {
    return serverStream(this.#channel, {
      ...wire(endpoint),
      route: this.#route,
      request: encode(endpoint.method.requestType, request),
      signal,
    });
  }

  /** Both directions of one try. */
  duplex<Request, Response>(endpoint: Endpoint<Request, Response>, signal?: AbortSignal): Duplex<Response> {
    return duplex(this.#channel, { ...wire(endpoint), route: this.#route, signal });
  }

  /** Counts the failures of a stream that is reopened. */
  streamRetries(): Retries {
    return new Retries(this.settings.retry, this.internals.clock, undefined, this.#reconnection);
  }

  close(): void {
    this.#channel.close();
  }
}

function wire<Request, Response>({ service, method }: Endpoint<Request, Response>) {
  return { path: `/${service.fullName}/${method.name}`, decode: (bytes: Uint8Array) => method.responseType.decode(bytes) };
}
