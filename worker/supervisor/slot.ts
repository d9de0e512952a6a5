/** One device of a worker: keeps an executor running on it, and cleans up behind each that ends. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelSpec } from '@inferq/core/model.ts';
import type { ExecutorEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { ExecutorOptions } from '../executor/messages.ts';
import type { Log } from '../log.ts';
import { persist } from '../persist.ts';
import type { Device } from './devices.ts';
import { type ExecutorExit, ExecutorProcess } from './executor-process.ts';
import { executorName } from './names.ts';
import { restartDelay } from './restart-delay.ts';

/** How long an executor may take to stop beyond its grace. */
const stopMarginMs = 5_000;

export interface SlotParts {
  index: number;
  device: Device;
  options: Omit<ExecutorOptions, 'name' | 'device' | 'engineDevice'>;
  registry: WorkerRegistry;
  log: Log;
  /** Aborted when a queue that does not answer is to be waited for no longer. */
  abandon: AbortSignal;
  /** Announces the worker as it is now, this slot's executor included. */
  announce: () => Promise<void>;
  /** A sentence where these are not the files that the worker announced. */
  checkModels: (models: readonly ModelSpec[]) => string | undefined;
}

export class Slot {
  readonly #parts: SlotParts;
  #process: ExecutorProcess;
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
    this.#process = this.#start();
  }

  /** What the first executor has loaded. Rejects with a sentence where it cannot. */
  get loaded(): Promise<ModelSpec[]> {
    return this.#process.loaded;
  }

  /** The executor that works here; undefined while there is none. */
  get entry(): ExecutorEntry | undefined {
    return this.#entry;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Registers the loaded executor as one of this worker's. It may go after the next announcement. */
  enter(models: readonly ModelSpec[]): void {
    this.#entry = {
      name: this.#process.name,
      device: this.#parts.device.label,
      models: models.map(({ name, version }) => ({ name, version })),
      restarts: this.#restarts,
      lastExit: this.#lastExit,
    };
  }

  /** Lets the executor claim, and from now on replaces it whenever it ends. */
  keep(): void {
    this.#startedAt = performance.now();
    this.#process.go();
    this.#kept ??= this.#keepOn();
  }

  /** Ends an executor that never went to work. */
  async abandon(): Promise<void> {
    this.#process.kill('abandoned', 'stopped');
    await this.#process.exited;
  }

  /** Stops the executor within `graceMs`, and a little more. Called again, it shortens the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const process = this.#process;
    process.stop(graceMs);
    const overdue = setTimeout(() => process.kill('did not stop in time, killed', 'stopped'), graceMs + stopMarginMs);
    await this.#kept;
    clearTimeout(overdue);
  }

  #start(): ExecutorProcess {
    const { options, index, device, log } = this.#parts;
    const name = executorName(options.worker, index, randomBytes(8));
    const own = { ...options, name, device: device.label, engineDevice: device.engineDevice };
    return new ExecutorProcess(own, device.visible, log);
  }

  async #keepOn(): Promise<void> {
    for (;;) {
      const exit = await this.#process.exited;
      this.#entry = undefined;
      await this.#cleanUp(this.#process.name, exit);
      if (this.#stopping.signal.aborted) return;
      const { delayMs, deathsInARow } = restartDelay(this.#deathsInARow, performance.now() - this.#startedAt);
      this.#deathsInARow = deathsInARow;
      this.#restarts += 1;
      this.#lastExit = exit.how;
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.#process = this.#start();
      await this.#bringUp(this.#process);
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

  async #bringUp(process: ExecutorProcess): Promise<void> {
    const { log, announce, checkModels } = this.#parts;
    this.#startedAt = performance.now();
    try {
      const models = await process.loaded;
      const problem = checkModels(models);
      if (problem !== undefined) throw new Error(problem);
      if (this.#stopping.signal.aborted) return;
      this.enter(models);
      await persist(announce, this.#stopping.signal);
      this.keep();
      log.info({ executor: process.name, restarts: this.#restarts }, 'executor restarted');
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.error({ executor: process.name, problem }, 'executor could not be restarted');
      process.kill(problem, 'stopped');
    }
  }
}
