/**
 * The process of one executor. Its supervisor forked it, tells it what to load and when to go, and outlives it: without the
 * supervisor it ends at once. It ends by SIGKILL wherever something may still run, because an exit waits for native calls.
 */

import { connectQueue } from '@inferq/queue/connect.ts';
import type { QueueConnection } from '@inferq/queue/queue.ts';
import type { Engine } from '../engine.ts';
import { startEngine } from '../inference/start-engine.ts';
import { type Log, openLog } from '../log.ts';
import { killOwnTree } from '../process-tree.ts';
import { systemClock } from './clock.ts';
import { Executor } from './executor.ts';
import { type EndReason, type ExecutorOptions, type FromExecutor, type Loaded, logDescriptor, type ToExecutor } from './messages.ts';

// Ctrl-C and a stopping service manager reach this process too; the supervisor decides what becomes of it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});
process.on('disconnect', killOwnTree);
process.on('uncaughtException', fault);

interface Work {
  executor: Executor;
  connection: QueueConnection;
  options: ExecutorOptions;
}

let loaded: Promise<Work> | undefined;
let working: { executor: Executor; log: Log } | undefined;

process.on('message', (message: ToExecutor) => {
  switch (message.kind) {
    case 'ping':
      tell({ kind: 'pong' });
      break;
    case 'load':
      loaded = load(message.options);
      loaded.catch((error: Error) => tell({ kind: 'refused', message: error.message }, dieNow));
      break;
    case 'go':
      void loaded?.then(go);
      break;
    case 'stop':
      void stop(message.graceMs);
      break;
  }
});

async function load(options: ExecutorOptions): Promise<Work> {
  const log = openLog(options.logLevel, { worker: options.worker, executor: options.name }, logDescriptor);
  const connection = await connectQueue({
    url: options.redisUrl,
    ...(options.redisTls && { tls: options.redisTls }),
    leaseMs: options.leaseMs,
    whenDown: 'wait',
    onNotice: ({ level, message, details }) => log[level](details, message),
  });
  const executor = await Executor.open(
    {
      identity: options,
      queue: connection.execution,
      clock: systemClock,
      random: Math.random,
      onEnd: end,
      onError: (error) => log.error({ err: error }, 'an unexpected error'),
    },
    (listener) =>
      startEngine(
        {
          models: options.models,
          device: options.engineDevice,
          threads: options.threads,
          reports: true,
          log: { level: options.logLevel, worker: options.worker, executor: options.name, dest: logDescriptor },
        },
        listener,
      ),
  );
  working = { executor, log };
  connection.onState((state) => {
    if (state === 'up') executor.reconnected();
  });
  tell({ kind: 'loaded', ...loadedBy(executor.engine) });
  return { executor, connection, options };
}

function loadedBy({ models, failed }: Engine): Loaded {
  const remarks = models.flatMap(({ spec: { name, version }, warning, fault }) =>
    warning === undefined && fault === undefined ? [] : [{ name, version, ...(fault ? { fault } : { warning }) }],
  );
  return { models: models.map(({ spec }) => spec), failed: [...failed], remarks };
}

async function go({ executor, connection, options }: Work): Promise<void> {
  executor.start(await connection.openInbox(options.name));
}

async function stop(graceMs: number): Promise<void> {
  await loaded?.then(({ executor }) => executor.stop(graceMs)).catch(() => undefined);
  tell({ kind: 'stopped' }, dieNow);
}

/** An error of our own code. */
function fault(error: Error): void {
  working?.log.error({ err: error }, 'an unexpected error in the executor');
  if (working) working.executor.fault(error.message);
  else end('broken', error.stack ?? error.message);
}

function end(reason: EndReason, message: string): void {
  tell({ kind: 'ending', reason, message }, dieNow);
}

function tell(message: FromExecutor, then?: () => void): void {
  if (process.connected) process.send?.(message, () => then?.());
  else then?.();
}

function dieNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
