/** A server process: wires options, queue, use cases and gRPC, and lives until it is told to stop. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { awaitStore } from '@inferq/queue/await-store.ts';
import type { Inbox, QueueConnection, StoreNotice } from '@inferq/queue/queue.ts';
import { startUpkeep } from '@inferq/queue/upkeep-loop.ts';
import type { Reloaded } from './grpc/credentials.ts';
import type { GrpcServer } from './grpc/server.ts';
import { startGrpc } from './grpc/server.ts';
import type { Log } from './log.ts';
import { openLog } from './log.ts';
import type { ServerOptions } from './options.ts';
import { checkServerOptions } from './options.ts';
import { runProcesses, runsOthers, tellServing } from './processes.ts';
import { Signals } from './signals.ts';
import { followStore, type Health } from './store-health.ts';
import { StartFailure } from './usage-error.ts';
import { createBroker } from './use-cases/create-broker.ts';

export type { ServerOptions } from './options.ts';

const rhythm = { everyMs: 500, withinMs: 1_000, failures: 3 };
/** How long a stopping server waits for its last work with Redis, which may be away. */
const patienceMs = 1_500;

/** Called on the way to serving, and then. */
export interface ServerHooks {
  /** The start waits for Redis: why, in a sentence. */
  onWaiting?: (sentence: string) => void;
  /** It serves at this address. */
  onReady?: (address: string) => void;
}

/**
 * Runs a server until SIGTERM or SIGINT, or until its terminal closes; resolves to the exit code. SIGHUP makes it read its TLS files again.
 * Waits for a Redis that cannot be used yet. Throws a UsageError or a StartFailure, with a sentence for people, where it refuses to start.
 */
export async function runServer(options: ServerOptions, hooks: ServerHooks = {}): Promise<number> {
  checkServerOptions(options);
  const log = openLog(options.logLevel);
  const signals = new Signals();
  signals.onReload = () => log.info('SIGHUP: nothing to reload, because the server has not started yet');
  try {
    const { redisUrl: url, redisTls, limits, leaseMs, processes } = options;
    if (runsOthers(processes)) return await runProcesses(processes, signals, log, hooks.onReady);
    const started = await awaitStore({
      ...{
        url,
        limits,
        whenDown: 'fail',
        abandon: signals.stop,
        ...(redisTls && { tls: redisTls }),
        ...(leaseMs === undefined ? {} : { leaseMs }),
      },
      onNotice: ({ level, message, details }: StoreNotice) => log[level](details, message),
      onWaiting: (sentence) => {
        log.warn(sentence);
        hooks.onWaiting?.(sentence);
      },
    });
    if (started.kind === 'refused') throw new StartFailure(started.sentence);
    if (started.kind === 'abandoned') return 0;
    for (const warning of started.warnings) log.warn(warning);
    try {
      await serve(options, started.connection, signals, log, hooks.onReady);
    } finally {
      await inTime(started.connection.close());
    }
    return 0;
  } finally {
    signals.close();
  }
}

async function serve(
  options: ServerOptions,
  connection: QueueConnection,
  signals: Signals,
  log: Log,
  onReady: ((address: string) => void) | undefined,
): Promise<void> {
  const { submission, registry } = connection;
  const inbox = await connection.openInbox(`server-${randomUUID()}`);
  const broker = createBroker({
    submission,
    registry,
    inbox,
    queues: options.queues,
    limits: options.limits,
    maxInputBytes: options.maxMessageBytes,
  });
  const grpc = await startGrpc(broker, options, (method, error) => {
    const id = randomUUID();
    log.error({ id, method, err: error }, 'internal error');
    return id;
  });
  signals.onReload = () => logReload(grpc.reloadTls(), log);
  const upkeep = startUpkeep(connection.upkeep);
  const stopped = new AbortController();
  await ready(connection, inbox, grpc, stopped.signal, log);
  log.info({ address: grpc.address, tls: options.tls !== undefined }, 'server ready');
  onReady?.(grpc.address);
  tellServing(grpc.address);

  const { stop } = signals;
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  log.info('server stopping');
  stopped.abort();
  const ended = grpc.stop();
  // Waits answer with their task as it stands; watches and streams end.
  broker.stop();
  await Promise.all([ended, inTime(upkeep.stop())]);
  log.info('server stopped');
}

function logReload(reloaded: Reloaded, log: Log): void {
  if (reloaded.kind === 'reloaded') log.info({ expires: reloaded.expires }, 'certificates reloaded');
  else if (reloaded.kind === 'kept') log.error({ reason: reloaded.reason }, 'certificates not reloaded: the old ones stay in use');
  else log.info('SIGHUP: nothing to reload, because this server does not use TLS');
}

/** Follows the store for health; resolves once that has been told for the first time. */
async function ready(connection: QueueConnection, inbox: Inbox, { health }: GrpcServer, stop: AbortSignal, log: Log): Promise<void> {
  const probe = connection.openProbe();
  const signs = { ask: () => probe.ask(), answers: () => connection.answers, hears: () => inbox.hears };
  let known = false;
  await new Promise<void>((resolve) => {
    const tell = (now: Health): void => {
      health.set(now.serving);
      if (!now.serving) log.warn({ problem: now.problem }, 'health is NOT_SERVING');
      else if (known) log.info('health is SERVING again');
      known = true;
      resolve();
    };
    void followStore(signs, rhythm, tell, stop);
  });
}

async function inTime(work: Promise<void>): Promise<void> {
  await Promise.race([work, delay(patienceMs, undefined, { ref: false })]);
}
