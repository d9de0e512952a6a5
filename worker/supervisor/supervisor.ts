/** A worker: one slot for each device, announced while it lives. Loads no model itself. */

import { availableParallelism } from 'node:os';
import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import type { QueueConnection, WorkerEntry } from '@inferq/queue/queue.ts';
import type { RedisTlsFiles } from '@inferq/queue/redis-tls.ts';
import type { Log, LogLevel } from '../log.ts';
import { persist } from '../persist.ts';
import type { QueueShare } from '../queue-shares.ts';
import type { ModelVersion } from '../repository/repository.ts';
import { UsageError } from '../usage-error.ts';
import { Announcer } from './announcer.ts';
import type { Device } from './devices.ts';
import { failedModels } from './failed-models.ts';
import type { HeldName } from './held-name.ts';
import { AnnouncedModels } from './model-digests.ts';
import { Slot } from './slot.ts';

export interface SupervisorOptions {
  held: HeldName;
  devices: readonly Device[];
  shares: QueueShare[];
  models: readonly ModelVersion[];
  /** Selected too, but their settings cannot be read. */
  broken: readonly FailedModel[];
  /** Whether a model that cannot be loaded keeps the worker from starting. */
  strict: boolean;
  redisUrl: string;
  redisTls?: RedisTlsFiles;
  leaseMs: number;
  /** Of the operators of each executor's models; without it, its share of the cores. */
  threads?: number;
  logLevel: LogLevel;
}

export interface Supervisor {
  /** What the executors have loaded, and what not. */
  readonly models: readonly ModelSpec[];
  readonly failed: readonly FailedModel[];
  /** The executors that work now. */
  executors(): { name: string; device: string; pid: number | undefined }[];
  /** Lets what runs finish within `graceMs`, gives back the rest, and leaves. */
  stop(graceMs: number): Promise<void>;
  /** Cuts a stop short: what still runs is given back now. */
  hurry(): void;
}

/**
 * Starts all executors; resolves once they have loaded, are announced and may claim. Throws UsageError, with everything ended
 * again, where one cannot load or the models' files differ from those that other workers serve. `abandon` ends a start midway,
 * and a stop that waits for a queue that does not answer.
 */
export async function startSupervisor(
  options: SupervisorOptions,
  connection: QueueConnection,
  log: Log,
  abandon: AbortSignal,
): Promise<Supervisor> {
  const { held, shares, devices, models, redisUrl, redisTls, leaseMs, logLevel } = options;
  const { threads = Math.max(1, Math.floor(availableParallelism() / devices.length)) } = options;
  const announcer = new Announcer(connection.registry, leaseMs, held);
  const announced = new AnnouncedModels(connection.registry);
  const slots = devices.map(
    (device, index) =>
      new Slot({
        index,
        device,
        options: {
          get worker() {
            return held.identity.name;
          },
          ...{ threads, redisUrl, ...(redisTls && { redisTls }), leaseMs, shares, models, logLevel },
        },
        registry: connection.registry,
        log,
        abandon,
        announce: () => announcer.announceWorker(),
        admit: (loaded) => announced.admit(loaded),
        strict: options.strict,
      }),
  );
  const startedAt = Date.now();
  const entry = (): WorkerEntry => ({
    ...held.identity,
    startedAt,
    queues: shares,
    executors: slots.flatMap((slot) => slot.entry ?? []),
    failedModels: failed(),
  });
  const failed = () =>
    failedModels(
      options.broken,
      slots.map(({ failures }) => failures),
    );

  try {
    const loaded = await loadAll(slots, abandon);
    await persist(() => announced.announce(loaded), abandon);
    for (const [index, slot] of slots.entries()) slot.enter(loaded[index] ?? []);
    await persist(() => announcer.start(entry, () => announced.specs), abandon);
  } catch (error) {
    await Promise.all(slots.map((slot) => slot.abandon()));
    // Tried once: a name that is not given up falls free by itself.
    await held.leave(AbortSignal.abort()).catch(() => undefined);
    throw error;
  }
  for (const slot of slots) slot.keep();
  connection.onState((state) => {
    if (state === 'up') announcer.announceAgain();
  });

  return {
    models: announced.specs,
    failed: failed(),
    executors: () => slots.flatMap(({ entry, pid }) => (entry ? [{ name: entry.name, device: entry.device, pid }] : [])),
    async stop(graceMs) {
      await Promise.all(slots.map((slot) => slot.stop(graceMs)));
      await announcer.stop();
      await held.leave(abandon);
    },
    hurry() {
      for (const slot of slots) void slot.stop(0);
    },
  };
}

/** What each executor has loaded. */
async function loadAll(slots: readonly Slot[], abandon: AbortSignal): Promise<(readonly ModelSpec[])[]> {
  const abandoned = new Promise<never>((_, reject) => {
    abandon.addEventListener('abort', () => reject(new UsageError('the start was abandoned')), { once: true });
  });
  try {
    return await Promise.race([Promise.all(slots.map((slot) => slot.load())), abandoned]);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : String(error));
  }
}
