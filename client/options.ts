/** How a client is set up, and what holds where nothing is said. */

import { invalid } from './errors.ts';
import { defaultRetry, type RetryPolicy } from './retry.ts';
import { parseServer, type ServerAddress } from './server-address.ts';

export interface TlsOptions {
  /** Trusted roots: PEM bytes or the path of a file. Without it, the system's. */
  ca?: Uint8Array | string;
  /** The client's own certificate chain and key, for mutual TLS: PEM bytes or paths. */
  cert?: Uint8Array | string;
  key?: Uint8Array | string;
  /** The name in the server's certificate, where it differs from the address. */
  serverName?: string;
}

export interface KeepaliveOptions {
  /** Ping a quiet connection after so long. */
  timeMs: number;
  /** The connection is lost when a ping goes unanswered for so long. */
  timeoutMs: number;
}

export interface ClientOptions {
  /**
   * `host:port`, `host` (port 50051), `http://host:port` or `https://host:port`, which is TLS. Default: the environment's INFERQ_SERVER, else 127.0.0.1:50051.
   */
  server?: string;
  /** Without it, plaintext. `{}` is TLS with the system's roots. */
  tls?: TlsOptions;
  /** How long a call may take, retries included; a wait that was asked for comes on top. Default 30 s. */
  deadlineMs?: number;
  retry?: Partial<RetryPolicy>;
  keepalive?: Partial<KeepaliveOptions>;
  /** The largest message taken from the server. Default 72 MiB: outputs of 64 MiB, and all that comes with them. */
  maxMessageBytes?: number;
}

export interface Settings {
  server: ServerAddress;
  tls: TlsOptions | undefined;
  deadlineMs: number;
  retry: RetryPolicy;
  keepalive: KeepaliveOptions;
  maxMessageBytes: number;
}

/** What every verb takes besides its own options. */
export interface CallOptions {
  /** Ends the call at once; it then throws AbortedError. */
  signal?: AbortSignal;
  /** How long this call may take, retries included. */
  deadlineMs?: number;
}

/** Options with the defaults filled in. Throws InvalidRequestError for a server address that is not valid. */
export function settingsOf(options: ClientOptions): Settings {
  const server = parseServer(options.server ?? (process.env.INFERQ_SERVER || '127.0.0.1'));
  if (server.tls === false && options.tls) throw invalid('server', 'http:// is a connection without TLS, and tls was given: use https://');
  return {
    server,
    tls: options.tls ?? (server.tls ? {} : undefined),
    deadlineMs: options.deadlineMs ?? 30_000,
    retry: { ...defaultRetry, ...options.retry },
    keepalive: { timeMs: 30_000, timeoutMs: 10_000, ...options.keepalive },
    maxMessageBytes: options.maxMessageBytes ?? 72 * 1_024 * 1_024,
  };
}
