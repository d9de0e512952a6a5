/** One device of a worker: keeps an executor running on it, and cleans up behind each that ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import type { ExecutorEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import { persist } from '../persist.ts';
import type { ExecutorExit } from './executor-process.ts';
import type { DeviceFailures } from './failed-models.ts';
import { type LoaderParts, ModelLoader } from './model-loader.ts';
import { restartDelay } from './restart-delay.ts';

/** How long an executor may take to stop beyond its grace. */
const stopMarginMs = 5_000;

export interface SlotParts extends LoaderParts {
  registry: WorkerRegistry;
  /** Aborted when a queue that does not answer is to be waited for no longer. */
  abandon: AbortSignal;
  /** Announces the worker as it is now, this slot's executor included. */
  announce: () => Promise<unknown>;
  /** Announces what an executor loaded that was started in the place of another. Gives what of it must not be served. */
  admit: (models: readonly ModelSpec[]) => Promise<FailedModel[]>;
}

export class Slot {
  readonly #parts: SlotParts;
  readonly #loader: ModelLoader;
  #entry: ExecutorEntry | undefined;
  #startedAt = 0;
  #deathsInARow = 0;
  #restarts = 0;
  #lastExit = '';
  readonly #stopping = new AbortController();
  #kept: Promise<void> | undefined;

  /** Starts the first executor. */
  constructor(parts: SlotParts) {
    this.#parts = parts;
    this.#loader = new ModelLoader(parts);
  }

  /** What the first executor has loaded. Rejects with a sentence where it cannot. */
  load(): Promise<readonly ModelSpec[]> {
    return this.#loader.load();
  }

  /** What is not served here, and why. */
  get failures(): DeviceFailures {
    return this.#loader.failures;
  }

  /** The executor that works here; undefined while there is none. */
  get entry(): ExecutorEntry | undefined {
    return this.#entry;
  }

  get pid(): number | undefined {
    return this.#loader.process.pid;
  }

  /** Registers the loaded executor as one of this worker's. It may go after the next announcement. */
  enter(models: readonly ModelSpec[]): void {
    this.#entry = {
      name: this.#loader.process.name,
      device: this.#parts.device.label,
      models: models.map(({ name, version }) => ({ name, version })),
      restarts: this.#restarts,
      lastExit: this.#lastExit,
    };
  }

  /** Lets the executor claim, and from now on replaces it whenever it ends. */
  keep(): void {
    this.#startedAt = performance.now();
    this.#loader.process.go();
    this.#kept ??= this.#keepOn();
  }

  /** Ends an executor that never went to work. */
  async abandon(): Promise<void> {
    await this.#loader.abandon();
  }

  /** Stops the executor within `graceMs`, and a little more. Called again, it shortens the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const { process } = this.#loader;
    process.stop(graceMs);
    const overdue = setTimeout(() => process.kill('did not stop in time, killed', 'stopped'), graceMs + stopMarginMs);
    await this.#kept;
    clearTimeout(overdue);
  }

  async #keepOn(): Promise<void> {
    for (;;) {
      const { process } = this.#loader;
      const exit = await process.exited;
      this.#entry = undefined;
      await this.#cleanUp(process.name, exit);
      if (this.#stopping.signal.aborted) return;
      const { delayMs, deathsInARow } = restartDelay(this.#deathsInARow, performance.now() - this.#startedAt);
      this.#deathsInARow = deathsInARow;
      this.#restarts += 1;
      this.#lastExit = exit.how;
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.#loader.again();
      await this.#bringUp();
    }
  }

  /** Deregisters the dead executor and requeues what it held; goes on until the queue has answered. */
  async #cleanUp(name: string, exit: ExecutorExit): Promise<void> {
    const { registry, log, abandon } = this.#parts;
    const why = exit.reason === 'crashed' || exit.reason === 'broken' ? 'crash' : 'shutdown';
    const level = exit.reason === 'stopped' ? 'info' : 'warn';
    try {
      const held = await persist(() => registry.strikeExecutor(name, why, exit.how), abandon);
      log[level]({ executor: name, how: exit.how, held }, 'executor ended');
    } catch {
      // Why is in the log already.
      log[level]({ executor: name, how: exit.how }, 'executor ended; what it held is requeued when its lease runs out');
    }
  }

  async #bringUp(): Promise<void> {
    const { log, announce } = this.#parts;
    this.#startedAt = performance.now();
    try {
      const models = await this.#loadAdmitted();
      if (this.#stopping.signal.aborted) return;
      this.enter(models);
      await persist(announce, this.#stopping.signal);
      this.keep();
      log.info({ executor: this.#loader.process.name, restarts: this.#restarts }, 'executor restarted');
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.error({ executor: this.#loader.process.name, problem }, 'executor could not be restarted');
      this.#loader.process.kill(problem, 'stopped');
    }
  }

  async #loadAdmitted(): Promise<readonly ModelSpec[]> {
    for (;;) {
      const models = await this.#loader.load();
      const refused = await persist(() => this.#parts.admit(models), this.#stopping.signal);
      if (refused.length === 0) return models;
      await this.#loader.withhold(refused);
    }
  }
}
