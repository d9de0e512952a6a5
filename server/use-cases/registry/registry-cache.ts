/** One copy of the registry in each process, read again once a second while it is used. */

import type { WorkerRegistry } from '@inferq/queue/queue.ts';
import type { Clock } from '../clock.ts';
import { indexRegistry, type KnownModels } from './known-models.ts';

const freshMs = 1_000;
/** Beyond this age a reader waits for a new copy: the process was idle, and its copy says nothing of today. */
const staleMs = 10_000;

export interface RegistryCache {
  /** At most a second old under steady use, never more than ten. Throws where Redis has to be asked and cannot. */
  current(): Promise<KnownModels>;
  /** Read now; calls in flight together share one read. */
  refresh(): Promise<KnownModels>;
  /** The last copy, whatever its age; renewed behind the caller's back. */
  last(): KnownModels;
}

/** A cache that has read nothing yet. `queues` exist whether or not a model or worker names them. */
export function createRegistryCache(
  registry: Pick<WorkerRegistry, 'readRegistry'>,
  queues: readonly string[],
  clock: Clock,
): RegistryCache {
  let known = indexRegistry({ workers: [], models: [], queues: [] }, queues);
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<KnownModels> | undefined;

  const refresh = () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const read = async () => {
    const startedAt = clock.now();
    known = indexRegistry(await registry.readRegistry(), queues);
    readAt = startedAt;
    return known;
  };
  const renewInBackground = () => {
    // A failed read leaves the old copy, which `current` refuses to use once it is stale.
    if (clock.now() - readAt >= freshMs) refresh().catch(() => undefined);
  };

  return {
    async current() {
      if (clock.now() - readAt >= staleMs) return refresh();
      renewInBackground();
      return known;
    },
    refresh,
    last() {
      renewInBackground();
      return known;
    },
  };
}
