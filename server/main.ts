/** A server process: wires options, queue, use cases and gRPC, and lives until it is told to stop. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { QueueConnection } from '@inferq/queue/queue.ts';
import { startUpkeep } from '@inferq/queue/upkeep-loop.ts';
import { connectStore } from './connect-store.ts';
import type { GrpcServer } from './grpc/server.ts';
import { startGrpc } from './grpc/server.ts';
import type { Log } from './log.ts';
import { openLog } from './log.ts';
import type { ServerOptions } from './options.ts';
import { checkServerOptions } from './options.ts';
import { runProcesses, runsOthers, tellServing } from './processes.ts';
import { followStore } from './store-health.ts';
import { UsageError } from './usage-error.ts';
import { createBroker } from './use-cases/create-broker.ts';

export type { ServerOptions } from './options.ts';

const connectWithinMs = 10_000;
const probe = { everyMs: 1_000, withinMs: 2_000 };
/** How long a stopping server waits for its last work with Redis, which may be away. */
const patienceMs = 2_000;

/**
 * Runs a server until SIGTERM or SIGINT; resolves to the exit code. Throws a UsageError, with a sentence for people, where it
 * refuses to start. `onReady` is called with its address once it serves.
 */
export async function runServer(options: ServerOptions, hooks: { onReady?: (address: string) => void } = {}): Promise<number> {
  checkServerOptions(options);
  const log = openLog(options.logLevel);
  const told = new AbortController();
  const onSignal = (): void => told.abort();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    const { redisUrl: url, redisTls, limits, leaseMs, processes } = options;
    if (runsOthers(processes)) return await runProcesses(processes, told.signal, log, hooks.onReady);
    const onError = (error: Error): void => log.debug({ problem: error.message }, 'redis connection');
    const store = { url, limits, onError, ...(redisTls && { tls: redisTls }), ...(leaseMs === undefined ? {} : { leaseMs }) };
    const connection = await connectStore(store, connectWithinMs, told.signal, log);
    if (connection === undefined) return 0;
    try {
      await serve(options, connection, told.signal, log, hooks.onReady);
    } finally {
      await inTime(connection.close());
    }
    return 0;
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
}

async function serve(
  options: ServerOptions,
  connection: QueueConnection,
  told: AbortSignal,
  log: Log,
  onReady: ((address: string) => void) | undefined,
): Promise<void> {
  const { refusal, warnings } = await connection.checkServer();
  if (refusal !== undefined) throw new UsageError(refusal);
  for (const warning of warnings) log.warn(warning);
  const { submission, registry } = connection;
  const broker = createBroker({
    submission,
    registry,
    inbox: await connection.openInbox(`server-${randomUUID()}`),
    queues: options.queues,
    limits: options.limits,
    maxInputBytes: options.maxMessageBytes,
    onStoreFailure: (error) => log.debug({ problem: String(error) }, 'redis call'),
  });
  const grpc = await startGrpc(broker, options, (method, error) => {
    const id = randomUUID();
    log.error({ id, method, err: error }, 'internal error');
    return id;
  });
  const upkeep = startUpkeep(connection.upkeep, (error) => log.debug({ problem: String(error) }, 'upkeep'));
  const stopped = new AbortController();
  await ready(connection, grpc, stopped.signal, log);
  log.info({ address: grpc.address, tls: options.tls !== undefined }, 'server ready');
  onReady?.(grpc.address);
  tellServing(grpc.address);

  if (!told.aborted) await new Promise((resolve) => told.addEventListener('abort', resolve, { once: true }));
  log.info('server stopping');
  stopped.abort();
  const ended = grpc.stop();
  // Waits answer with their task as it stands; watches and streams end.
  broker.stop();
  await ended;
  await inTime(upkeep.stop());
  log.info('server stopped');
}

/** Follows the store for health; resolves once that has been told for the first time. */
async function ready(connection: QueueConnection, { health }: GrpcServer, stop: AbortSignal, log: Log): Promise<void> {
  let known = false;
  let last = true;
  await new Promise<void>((resolve) => {
    const tell = (answers: boolean): void => {
      health.set(answers);
      if (answers !== last) log.warn(answers ? 'Redis answers again' : 'Redis does not answer');
      last = answers;
      if (!known) resolve();
      known = true;
    };
    connection.onState((state) => {
      if (state === 'down' && !stop.aborted) tell(false);
    });
    void followStore({ ask: () => connection.submission.now(), ...probe }, tell, stop);
  });
}

async function inTime(work: Promise<void>): Promise<void> {
  await Promise.race([work, delay(patienceMs, undefined, { ref: false })]);
}
