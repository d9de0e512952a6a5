/** Tells the registry that the worker lives and what it serves. */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { WorkerEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { HeldName } from './held-name.ts';

const modelsEveryMs = 60 * 60 * 1_000;

export class Announcer {
  readonly #registry: WorkerRegistry;
  readonly #leaseMs: number;
  readonly #held: HeldName;
  #entry: () => WorkerEntry = () => {
    throw new Error('announced before it was started');
  };
  #models: () => readonly ModelSpec[] = () => [];
  #modelsAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;

  constructor(registry: WorkerRegistry, leaseMs: number, held: HeldName) {
    this.#registry = registry;
    this.#leaseMs = leaseMs;
    this.#held = held;
  }

  /** Announces the worker, and again every third of a lease. Both are asked each time; the models were announced before. */
  async start(entry: () => WorkerEntry, models: () => readonly ModelSpec[]): Promise<void> {
    this.#entry = entry;
    this.#models = models;
    this.#modelsAt = performance.now();
    await this.announceWorker();
    this.#timer = setInterval(() => this.#beat(), this.#leaseMs / 3);
  }

  /** Under another name where the worker has lost its own. */
  async announceWorker(): Promise<'known' | 'modelsLost'> {
    for (;;) {
      const outcome = await this.#registry.announceWorker(this.#entry());
      if (outcome !== 'taken') return outcome;
      await this.#held.renew();
    }
  }

  /** The registry may have been lost: tells it everything. */
  announceAgain(): void {
    this.#modelsAt = Number.NEGATIVE_INFINITY;
    this.#beat();
  }

  /** Announces nothing more; resolves when nothing is on its way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  #beat(): void {
    this.#beating ??= this.#announceAll()
      // What went wrong is in the log already; the next beat comes soon.
      .catch(() => undefined)
      .finally(() => {
        this.#beating = undefined;
      });
  }

  async #announceAll(): Promise<void> {
    const known = await this.announceWorker();
    if (known === 'known' && performance.now() - this.#modelsAt < modelsEveryMs) return;
    await this.#registry.announceModels(this.#models());
    this.#modelsAt = performance.now();
  }
}
