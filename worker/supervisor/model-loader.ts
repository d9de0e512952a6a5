/** Starts executors on one device until there is one that has loaded all that can be loaded there. */

import { randomBytes } from 'node:crypto';
import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import type { ExecutorOptions, Loaded } from '../executor/messages.ts';
import type { Log } from '../log.ts';
import type { Device } from './devices.ts';
import { EndedLoading, ExecutorProcess } from './executor-process.ts';
import { type DeviceFailures, failureSentence } from './failed-models.ts';
import { LoadFaults } from './load-faults.ts';
import { executorName } from './names.ts';

export interface LoaderParts {
  index: number;
  device: Device;
  options: Omit<ExecutorOptions, 'name' | 'device' | 'engineDevice'>;
  log: Log;
  /** Whether one model that cannot be loaded keeps the executor from work. */
  strict: boolean;
}

export class ModelLoader {
  readonly #parts: LoaderParts;
  readonly #faults = new LoadFaults();
  #failed: FailedModel[] = [];
  #process: ExecutorProcess;
  #abandoned = false;

  /** Starts the first executor. */
  constructor(parts: LoaderParts) {
    this.#parts = parts;
    this.#process = this.#start();
  }

  /** The last one that was started. */
  get process(): ExecutorProcess {
    return this.#process;
  }

  /** What is not served here, and why. */
  get failures(): DeviceFailures {
    return { device: this.#parts.device.label, failed: [...this.#faults.leftOut, ...this.#failed] };
  }

  /** Starts an executor in the place of one that has ended. */
  again(): void {
    this.#process = this.#start();
  }

  /**
   * What the last executor has loaded. Where it does not survive a model, others are started in its place, at last without that model.
   * Rejects with a sentence where none can load anything, or, if `strict`, everything.
   */
  async load(): Promise<readonly ModelSpec[]> {
    for (;;) {
      try {
        const loaded = await this.#process.loaded;
        this.#tell(loaded);
        const failure = this.#parts.strict || loaded.models.length === 0 ? failureSentence(this.failures.failed) : undefined;
        if (failure !== undefined) throw new Error(failure);
        return loaded.models;
      } catch (error) {
        if (!(error instanceof EndedLoading) || !error.loading || this.#abandoned) throw error;
        const { version, step } = error.loading;
        const { log } = this.#parts;
        log.error({ executor: this.#process.name, model: modelLabel(version), step, how: error.message }, 'executor ended while it loaded');
        this.#faults.died(error.loading, error.message, error.sure);
        this.again();
      }
    }
  }

  /** Ends an executor that has loaded what must not be served, and starts one without. */
  async withhold(failures: readonly FailedModel[]): Promise<void> {
    for (const failure of failures) {
      this.#parts.log.error({ model: modelLabel(failure), reason: failure.reason }, 'model not served');
      const version = this.#parts.options.models.find((model) => modelLabel(model) === modelLabel(failure));
      if (version) this.#faults.leaveOut(version, failure.reason);
    }
    await this.#end('restarted without some models');
    if (!this.#abandoned) this.again();
  }

  /** Ends an executor that never went to work, and starts no other. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    await this.#end('abandoned');
  }

  #end(why: string): Promise<unknown> {
    this.#process.kill(why, 'stopped');
    return this.#process.exited;
  }

  #start(): ExecutorProcess {
    const { options, index, device, log } = this.#parts;
    const name = executorName(options.worker, index, randomBytes(8));
    const models = this.#faults.plan(options.models);
    const started = { ...options, models, name, device: device.label, engineDevice: device.engineDevice };
    return new ExecutorProcess(started, device.visible, log);
  }

  /** The log has room for what the registry has not. */
  #tell({ failed, remarks }: Loaded): void {
    const { log } = this.#parts;
    const executor = this.#process.name;
    this.#failed = failed.map(({ name, version, reason }) => ({ name, version, reason }));
    for (const { reason, detail, ...model } of failed)
      log.error({ executor, model: modelLabel(model), reason, detail }, 'model not loaded');
    for (const { warning, fault, ...model } of remarks) {
      log[fault === undefined ? 'warn' : 'error']({ executor, model: modelLabel(model), problem: fault ?? warning }, 'model loaded, but');
    }
  }
}
