/** The gRPC server: both services, health and reflection over one set of use cases. */

import { Server } from '@grpc/grpc-js';
import { limits } from '@inferq/core/limits.ts';
import { HealthDefinition } from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { AdminDefinition } from '@inferq/proto/gen/inferq/v1/admin.ts';
import { BrokerDefinition } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker } from '../broker.ts';
import { adminRoutes } from './admin-service.ts';
import { brokerRoutes } from './broker-service.ts';
import { Closing } from './closing.ts';
import { type Reloaded, serverCredentials, type TlsFiles } from './credentials.ts';
import { Health } from './health.ts';
import { setUpConnections } from './intake/connections.ts';
import { Intake } from './intake/intake.ts';
import { receiveWith } from './intake/receive.ts';
import { listen } from './listen.ts';
import { addReflection } from './reflection.ts';
import type { Edge } from './route.ts';
import { addRoutes } from './route.ts';
import { shutDown } from './shutdown.ts';

const silenceMs = 30_000;
/** With what else a stop takes, under 2 s: whoever waits for this server to be back does not wait long. */
const graceMs = 1_500;

export interface GrpcOptions {
  /** 'HOST:PORT'; port 0 takes a free one. */
  listen: string;
  maxMessageBytes: number;
  tls?: TlsFiles;
  /** A watch says something at least this often; 30 s where not given. */
  silenceMs?: number;
  /** How long a request may take to arrive; 2 minutes where not given. */
  messageMs?: number;
}

export interface GrpcServer {
  /** 'HOST:PORT' with the real port. */
  address: string;
  health: Health;
  /** Reads the TLS files again, for new connections. */
  reloadTls(): Reloaded;
  /** Ends within the grace time (1.5 s where not given), whatever clients do. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts serving; health says so only once it is set. `report` logs a surprise and returns its id. Throws a UsageError where the
 * address or the TLS files will not do.
 */
export async function startGrpc(broker: Broker, options: GrpcOptions, report: Edge['report']): Promise<GrpcServer> {
  const { credentials, reload } = serverCredentials(options.tls);
  const intake = new Intake(options.maxMessageBytes, options.messageMs);
  const server = new Server({
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': limits.open.calls.connection,
    // Clients that vanished without a word are found, and their watches ended.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Costs a fifth of the streamed messages per second, and nothing here reads it.
    'grpc.enable_channelz': 0,
    interceptors: [receiveWith(intake)],
  });
  const edge = { closing: new Closing(), report };
  const services = [BrokerDefinition.fullName, AdminDefinition.fullName];
  const health = new Health(services);
  addRoutes(server, BrokerDefinition.fullName, brokerRoutes(broker, { silenceMs: options.silenceMs ?? silenceMs }), edge);
  addRoutes(server, AdminDefinition.fullName, adminRoutes(broker), edge);
  addRoutes(server, HealthDefinition.fullName, health.routes(), edge);
  addReflection(server, [...services, HealthDefinition.fullName]);
  setUpConnections(server);
  const address = await listen(server, options.listen, credentials);
  const stop = async (grace = graceMs): Promise<void> => {
    await shutDown(server, address, health, edge.closing, grace);
    intake.stop();
  };
  return { address, health, reloadTls: reload, stop };
}
