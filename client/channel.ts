/** The grpc-js channel behind a client. */

import { readFileSync } from 'node:fs';
import { type ChannelCredentials, Client, type ClientOptions, credentials } from '@grpc/grpc-js';
import type { Settings, TlsOptions } from './options.ts';
import { isLoopback, shownServer } from './server-address.ts';

/** How long a server that is back, perhaps at another address, may go unnoticed. */
const longestReconnectMs = 500;

/** A lazily connecting channel. Throws where a TLS file cannot be read. */
export function openChannel(settings: Settings): Client {
  return new Client(`dns:${shownServer(settings.server)}`, credentialsOf(settings.tls), channelOptions(settings));
}

function channelOptions({ server, keepalive, retry, maxMessageBytes, tls }: Settings): ClientOptions {
  return {
    'grpc.keepalive_time_ms': keepalive.timeMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': Math.min(retry.initialDelayMs, longestReconnectMs),
    'grpc.max_reconnect_backoff_ms': Math.min(retry.maxDelayMs, longestReconnectMs),
    'grpc.dns_min_time_between_resolutions_ms': longestReconnectMs,
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc-node.flow_control_window': 4 * 1_024 * 1_024,
    // We retry ourselves, by the server's hints.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
    // A proxy that the environment names cannot reach this machine's own servers.
    ...(isLoopback(server) ? { 'grpc.enable_http_proxy': 0 } : {}),
    // One connection for each client, so that close() ends it.
    'grpc.use_local_subchannel_pool': 1,
    ...(tls?.serverName ? { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName } : {}),
  };
}

function credentialsOf(tls: TlsOptions | undefined): ChannelCredentials {
  if (!tls) return credentials.createInsecure();
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}

function pem(source: Uint8Array | string | undefined): Buffer | null {
  if (source === undefined) return null;
  return typeof source === 'string' ? readFileSync(source) : Buffer.from(source);
}
