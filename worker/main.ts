/** A worker process: wires options, repository, queue and supervisor, and lives until it is told to stop. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailedModel } from '@inferq/core/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import { awaitStore } from '@inferq/queue/await-store.ts';
import type { QueueConnection } from '@inferq/queue/queue.ts';
import { startUpkeep } from '@inferq/queue/upkeep-loop.ts';
import { type Log, openLog } from './log.ts';
import { type CheckedWorkerOptions, checkWorkerOptions, type WorkerOptions } from './options.ts';
import { defaultShares, parseQueues } from './queue-shares.ts';
import { sentenceOf } from './repository/problem.ts';
import { openRepository } from './repository/repository.ts';
import { selectModels } from './repository/select.ts';
import { StopSignals } from './stop-signals.ts';
import { chooseDevices, surveyGpus } from './supervisor/devices.ts';
import { failureSentence } from './supervisor/failed-models.ts';
import { holdName } from './supervisor/held-name.ts';
import { checkedWorkerName, defaultWorkerName } from './supervisor/names.ts';
import { type Supervisor, type SupervisorOptions, startSupervisor } from './supervisor/supervisor.ts';
import { StartFailure, UsageError } from './usage-error.ts';

export type { WorkerOptions } from './options.ts';
export { UsageError } from './usage-error.ts';

/** How long a stopping worker waits beyond its grace: for executors to end, and for a Redis that does not answer. */
const patienceMs = 8_000;

/** What a worker that has begun to claim tells. */
export interface WorkerInfo {
  name: string;
  devices: string[];
  models: { name: string; version: string }[];
  /** What could not be loaded. */
  failed: readonly FailedModel[];
  queues: { queue: string; weight: number }[];
  executors: { name: string; device: string; pid: number | undefined }[];
}

/** Called on the way to claiming, and then. */
export interface WorkerHooks {
  /** The start waits for Redis: why, in a sentence. */
  onWaiting?: (sentence: string) => void;
  onReady?: (info: WorkerInfo) => void;
}

/**
 * Runs a worker until SIGTERM or SIGINT, or until its terminal closes; resolves to the exit code. Waits for a Redis that cannot be used yet.
 * Throws a UsageError or a StartFailure, with a sentence for people, where it refuses to start. `place` names it by default,
 * and tells people where it runs.
 */
export async function runWorker(
  options: WorkerOptions,
  hooks: WorkerHooks = {},
  place = { host: hostname(), pid: process.pid },
): Promise<number> {
  const checked = checkWorkerOptions(options);
  const name = checked.name === undefined ? defaultWorkerName(place.host, place.pid) : checkedWorkerName(checked.name);
  const log = openLog(checked.logLevel, { worker: name });
  const { devices, why } = await chooseDevices(checked.devices, process.env.CUDA_VISIBLE_DEVICES, surveyGpus);
  const asked = checked.queues === undefined ? undefined : parseQueues(checked.queues);
  const { versions: models, broken } = await readModels(checked);
  const supervised: Omit<SupervisorOptions, 'held'> = {
    devices,
    shares: asked ?? defaultShares(models.map(({ settings }) => settings.queue)),
    models,
    broken,
    strict: checked.strict,
    redisUrl: checked.redisUrl,
    ...(checked.redisTls && { redisTls: checked.redisTls }),
    leaseMs: checked.leaseMs,
    ...(checked.threads === undefined ? {} : { threads: checked.threads }),
    logLevel: checked.logLevel,
  };
  for (const { reason, ...model } of broken) log.error({ model: modelLabel(model), reason }, 'model not loaded');
  log.info({ devices: devices.map(({ label }) => label), why }, 'devices chosen');

  const signals = new StopSignals(() => log.info('SIGHUP: a worker has nothing to reload'));
  try {
    const started = await awaitStore({
      ...{ url: checked.redisUrl, ...(checked.redisTls && { tls: checked.redisTls }), leaseMs: checked.leaseMs },
      ...{ whenDown: 'wait', abandon: signals.first },
      onNotice: ({ level, message, details }) => log[level](details, message),
      onWaiting: (sentence) => {
        log.warn(sentence);
        hooks.onWaiting?.(sentence);
      },
    });
    if (started.kind === 'refused') throw new StartFailure(started.sentence);
    if (started.kind === 'abandoned') return 0;
    for (const warning of started.warnings) log.warn(warning);
    try {
      const { registry } = started.connection;
      const wanted = { name, instance: randomUUID(), ...place };
      const request = { registry, wanted, asked: checked.name !== undefined, leaseMs: checked.leaseMs, log };
      const held = await holdName(request, signals.first);
      if (!held) return 0;
      const named = openLog(checked.logLevel, { worker: held.identity.name });
      return await serve({ ...supervised, held }, checked.graceMs, started.connection, signals, named, hooks.onReady);
    } finally {
      await started.connection.close();
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
  const abandon = new AbortController();
  const supervisor = await start(options, connection, log, signals, abandon);
  if (!supervisor) return 0;
  const upkeep = startUpkeep(connection.upkeep);
  const models = supervisor.models.map((spec) => ({ name: spec.name, version: spec.version }));
  const failed = supervisor.failed.map(modelLabel);
  log.info({ models, ...(failed.length > 0 && { failed }), queues: options.shares }, 'worker ready');
  onReady?.({
    name: options.held.identity.name,
    devices: options.devices.map(({ label }) => label),
    models,
    failed: supervisor.failed,
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

/** What to load. Throws UsageError where nothing can be, or, if `strict`, not everything. */
async function readModels({ repository, models, strict }: CheckedWorkerOptions) {
  const selected = selectModels(await openRepository(repository), models);
  if (!selected.ok) throw new UsageError(selected.problem);
  const { versions } = selected;
  const broken = selected.broken.map(({ name, version, problems }) => ({ name, version, reason: sentenceOf(problems) }));
  const failure = strict || versions.length === 0 ? failureSentence(broken) : undefined;
  if (failure !== undefined) throw new UsageError(failure);
  return { versions, broken };
}
