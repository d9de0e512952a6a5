/** A worker process: wires options, repository, queue and supervisor, and lives until it is told to stop. */

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectQueue } from '@inferq/queue/connect.ts';
import { UnusableRedis } from '@inferq/queue/open-redis.ts';
import type { ConnectOptions, QueueConnection } from '@inferq/queue/queue.ts';
import { shownUrl } from '@inferq/queue/redis-url.ts';
import { startUpkeep } from '@inferq/queue/upkeep-loop.ts';
import { type Log, openLog } from './log.ts';
import { checkWorkerOptions, type WorkerOptions } from './options.ts';
import { defaultShares, parseQueues } from './queue-shares.ts';
import { openRepository } from './repository/repository.ts';
import { selectModels } from './repository/select.ts';
import { StopSignals } from './stop-signals.ts';
import { chooseDevices, surveyGpus } from './supervisor/devices.ts';
import { checkedWorkerName, defaultWorkerName } from './supervisor/names.ts';
import { type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor/supervisor.ts';
import { UsageError } from './usage-error.ts';

export type { WorkerOptions } from './options.ts';
export { UsageError } from './usage-error.ts';

/** How long a stopping worker waits beyond its grace: for executors to end, and for a Redis that does not answer. */
const patienceMs = 8_000;

/** What a worker that has begun to claim tells. */
export interface WorkerInfo {
  name: string;
  devices: string[];
  models: { name: string; version: string }[];
  queues: { queue: string; weight: number }[];
  executors: { name: string; device: string; pid: number | undefined }[];
}

/**
 * Runs a worker until SIGTERM or SIGINT; resolves to the exit code. Throws UsageError, with a sentence for people, where it
 * refuses to start. `onReady` is called once it claims.
 */
export async function runWorker(options: WorkerOptions, hooks: { onReady?: (info: WorkerInfo) => void } = {}): Promise<number> {
  const checked = checkWorkerOptions(options);
  const name = checked.name === undefined ? defaultWorkerName(hostname(), process.pid) : checkedWorkerName(checked.name);
  const log = openLog(checked.logLevel, { worker: name });
  const { devices, why } = await chooseDevices(checked.devices, process.env.CUDA_VISIBLE_DEVICES, surveyGpus);
  const asked = checked.queues === undefined ? undefined : parseQueues(checked.queues);
  const models = await readModels(checked.repository, checked.models);
  const supervised: SupervisorOptions = {
    name,
    host: hostname(),
    devices,
    shares: asked ?? defaultShares(models.map(({ queue }) => queue)),
    models: models.map((model) => ({ name: model.name, version: model.version, repository: checked.repository })),
    redisUrl: checked.redisUrl,
    ...(checked.redisTls && { redisTls: checked.redisTls }),
    leaseMs: checked.leaseMs,
    ...(checked.threads === undefined ? {} : { threads: checked.threads }),
    logLevel: checked.logLevel,
  };
  log.info({ devices: devices.map(({ label }) => label), why }, 'devices chosen');

  const signals = new StopSignals();
  try {
    const connection = await connect({ url: checked.redisUrl, ...(checked.redisTls && { tls: checked.redisTls }) }, checked.leaseMs, log);
    try {
      return await serve(supervised, checked.graceMs, connection, signals, log, hooks.onReady);
    } finally {
      await connection.close();
    }
  } finally {
    signals.close();
  }
}

async function serve(
  options: SupervisorOptions,
  graceMs: number,
  connection: QueueConnection,
  signals: StopSignals,
  log: Log,
  onReady: ((info: WorkerInfo) => void) | undefined,
): Promise<number> {
  const { refusal, warnings } = await connection.checkServer();
  if (refusal !== undefined) throw new UsageError(refusal);
  for (const warning of warnings) log.warn(warning);
  const abandon = new AbortController();
  const supervisor = await start(options, connection, log, signals, abandon);
  if (!supervisor) return 0;
  const upkeep = startUpkeep(connection.upkeep, (error) => log.warn({ problem: String(error) }, 'upkeep'));
  const models = supervisor.models.map((spec) => ({ name: spec.name, version: spec.version }));
  log.info({ models, queues: options.shares }, 'worker ready');
  onReady?.({
    name: options.name,
    devices: options.devices.map(({ label }) => label),
    models,
    queues: options.shares,
    executors: supervisor.executors(),
  });

  await signals.arrived(signals.first);
  log.info({ graceMs }, 'worker stopping');
  const stopped = supervisor.stop(graceMs).then(() => upkeep.stop());
  void signals.arrived(signals.second).then(() => supervisor.hurry());
  if (await inTime(stopped, graceMs, signals)) {
    log.info('worker stopped');
    return 0;
  }
  abandon.abort();
  log.error('worker stopped, but Redis did not answer; after a lease others take over what it held');
  return 1;
}

/** Whether a stop ends a little after its grace at the latest, or a little after a second signal. */
async function inTime(stopped: Promise<void>, graceMs: number, signals: StopSignals): Promise<boolean> {
  const over = AbortSignal.any([AbortSignal.timeout(graceMs), signals.second]);
  const late = signals.arrived(over).then(() => sleep(patienceMs, false, { ref: false }));
  return Promise.race([stopped.then(() => true), late]);
}

/** Starts the executors; undefined where a signal to stop came first. */
async function start(
  options: SupervisorOptions,
  connection: QueueConnection,
  log: Log,
  signals: StopSignals,
  abandon: AbortController,
): Promise<Supervisor | undefined> {
  const onSignal = () => abandon.abort();
  signals.first.addEventListener('abort', onSignal);
  try {
    return await startSupervisor(options, connection, log, abandon.signal);
  } catch (error) {
    if (signals.first.aborted) return undefined;
    throw error;
  } finally {
    signals.first.removeEventListener('abort', onSignal);
  }
}

async function readModels(folder: string, models: string | undefined): Promise<{ name: string; version: string; queue: string }[]> {
  const selected = selectModels(await openRepository(folder), models);
  if (!selected.ok) throw new UsageError(selected.problem);
  return selected.versions.map(({ name, version, settings }) => ({ name, version, queue: settings.queue }));
}

/** A first connection that fails is most likely a wrong address; one that is lost later is waited for. */
async function connect(redis: Pick<ConnectOptions, 'url' | 'tls'>, leaseMs: number, log: Log): Promise<QueueConnection> {
  try {
    await (await connectQueue({ ...redis, whenDown: 'fail' })).close();
  } catch (error) {
    if (error instanceof UnusableRedis) throw new UsageError(`Redis at ${shownUrl(redis.url)} cannot be used: ${error.message}.`);
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Redis at ${shownUrl(redis.url)} cannot be reached: ${problem}. Start it, or use another one.`);
  }
  return connectQueue({
    ...redis,
    leaseMs,
    whenDown: 'wait',
    onError: (error) => log.debug({ problem: error.message }, 'redis connection'),
  });
}
