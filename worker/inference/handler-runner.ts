/** Runs a model's handler: batch by batch where it has `run`; step by step, with items joining in between, where it has `step`. */

import type { EngineTask, LoadedModel } from '../engine.ts';
import { failed } from './errors.ts';
import { callHandler, type LoadedHandler } from './handler-call.ts';
import { LiveItem } from './live-item.ts';
import type { AbortReason } from './messages.ts';
import type { Outbox } from './outbox.ts';
import type { Postprocess } from './outcome.ts';
import { readTask } from './read-task.ts';
import type { ModelRunner } from './runner.ts';

export class HandlerRunner implements ModelRunner {
  readonly model: LoadedModel;
  readonly #name: string;
  readonly #loaded: LoadedHandler;
  readonly #postprocess: Postprocess;
  readonly #outbox: Outbox;
  /** The oldest first; a `step` handler has one at most, which new items join. */
  readonly #batches: { run: number; items: LiveItem[] }[] = [];

  constructor(model: LoadedModel, loaded: LoadedHandler, postprocess: Postprocess, outbox: Outbox) {
    this.model = model;
    this.#name = `${model.spec.name}:${model.spec.version}`;
    this.#loaded = loaded;
    this.#postprocess = postprocess;
    this.#outbox = outbox;
  }

  get busy(): boolean {
    return this.#batches.length > 0;
  }

  add(run: number, tasks: readonly EngineTask[]): void {
    const items = tasks.flatMap((task) => this.#read(task));
    const [current] = this.#batches;
    if (this.#loaded.handler.step && current) current.items.push(...items);
    else this.#batches.push({ run, items });
  }

  abort(key: string, why: AbortReason): void {
    for (const { items } of this.#batches) for (const item of items) if (item.key === key) item.abort(why);
  }

  async turn(): Promise<void> {
    const [batch] = this.#batches;
    if (!batch) return;
    const items = unsettled(batch.items);
    // Without a batch dimension nothing says that `run` could take several at once.
    const { step } = this.#loaded.handler;
    const together = step !== undefined || this.model.spec.maxBatchSize > 0;
    if (items.length > 0) await callHandler(this.#name, this.#loaded, together ? items : items.slice(0, 1));
    // Looked at again: items may have joined meanwhile.
    batch.items = unsettled(batch.items);
    if (batch.items.length > 0) return;
    this.#batches.shift();
    if (!step) this.#outbox.callEnded(batch.run);
  }

  #read(task: EngineTask): LiveItem[] {
    try {
      return [new LiveItem(task, readTask(this.model.spec, task.input), this.model.spec, this.#postprocess, this.#outbox)];
    } catch (error) {
      this.#outbox.settled(task.key, failed(error), { ranMs: 0, batchTasks: 1, batchRows: task.rows });
      return [];
    }
  }
}

function unsettled(items: readonly LiveItem[]): LiveItem[] {
  return items.filter(({ settled }) => !settled);
}
