/** A model version has the same files everywhere, as long as it lives. */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { WorkerRegistry } from '@inferq/queue/queue.ts';
import { UsageError } from '../usage-error.ts';

/** Announces models. Throws UsageError where another worker serves other files under the same version. */
export async function refuseConflicts(registry: WorkerRegistry, specs: readonly ModelSpec[]): Promise<void> {
  const outcomes = await registry.announceModels(specs);
  const conflict = outcomes.find(({ outcome }) => outcome === 'conflict');
  if (!conflict) return;
  const same = (spec: ModelSpec) => spec.name === conflict.name && spec.version === conflict.version;
  const theirs = (await registry.readRegistry()).models.find(same)?.digest ?? 'unknown';
  const ours = specs.find(same)?.digest ?? 'unknown';
  throw new UsageError(
    `Model ${conflict.name}:${conflict.version} has other files here (digest ${ours}) than on a worker that serves it (digest ${theirs}); give the changed model a new version.`,
  );
}

/** A sentence where `loaded` has other files than were announced. */
export function changedModel(announced: readonly ModelSpec[], loaded: readonly ModelSpec[]): string | undefined {
  for (const spec of announced) {
    const now = loaded.find(({ name, version }) => name === spec.name && version === spec.version);
    if (now?.digest !== spec.digest) {
      return `the files of ${spec.name}:${spec.version} have changed since the worker started; restart the worker, with a new version for the changed model`;
    }
  }
  return undefined;
}
