/** A model version has the same files everywhere, as long as it lives. */

import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import type { WorkerRegistry } from '@inferq/queue/queue.ts';
import { UsageError } from '../usage-error.ts';

/** What one worker has announced. */
export class AnnouncedModels {
  readonly #registry: WorkerRegistry;
  readonly #specs = new Map<string, ModelSpec>();

  constructor(registry: WorkerRegistry) {
    this.#registry = registry;
  }

  get specs(): ModelSpec[] {
    return [...this.#specs.values()];
  }

  /** Announces what the first executors have loaded. Throws UsageError where that is not the same files everywhere. */
  async announce(loaded: readonly (readonly ModelSpec[])[]): Promise<void> {
    for (const models of loaded) {
      const [refused] = await this.admit(models);
      if (refused) throw new UsageError(`${modelLabel(refused)} cannot be served: ${refused.reason}`);
    }
  }

  /** Announces models. Gives those that may not be served, because this or another worker serves other files under the same version. */
  async admit(loaded: readonly ModelSpec[]): Promise<FailedModel[]> {
    const changed = loaded.filter((spec) => (this.#specs.get(modelLabel(spec)) ?? spec).digest !== spec.digest);
    const unknown = loaded.filter((spec) => !this.#specs.has(modelLabel(spec)));
    const outcomes = await this.#registry.announceModels(unknown);
    const conflicts = unknown.filter((_, index) => outcomes[index]?.outcome === 'conflict');
    for (const spec of unknown) if (!conflicts.includes(spec)) this.#specs.set(modelLabel(spec), spec);
    return [
      ...changed.map(({ name, version }) => ({ name, version, reason: changedSentence })),
      ...(conflicts.length === 0 ? [] : await this.#tellConflicts(conflicts)),
    ];
  }

  async #tellConflicts(conflicts: readonly ModelSpec[]): Promise<FailedModel[]> {
    const digests = new Map((await this.#registry.readRegistry()).models.map((spec) => [modelLabel(spec), spec.digest]));
    return conflicts.map(({ name, version, digest }) => {
      const theirs = digests.get(modelLabel({ name, version })) ?? 'unknown';
      const reason = `its files here (digest ${digest}) differ from those that another worker serves (digest ${theirs}); give the changed model a new version`;
      return { name, version, reason };
    });
  }
}

const changedSentence = 'its files have changed since the worker started; give the changed model a new version, and restart the worker';
