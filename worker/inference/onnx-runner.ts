/** Runs a plain ONNX model: batches of tasks, cut into slices of at most `maxBatchSize` rows. */

import { limits } from '@inferq/core/limits.ts';
import type { EngineOutcome, EngineTask, LoadedModel } from '../engine.ts';
import type { Session, Tensors } from '../handler.ts';
import { failed, failedWith, isBeyondRepair } from './errors.ts';
import type { AbortReason } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { completed, type Postprocess, sizeOf, tooLarge } from './outcome.ts';
import { readTask } from './read-task.ts';
import type { ModelRunner } from './runner.ts';
import { joinInputs, joinOutputs, splitOutputs } from './slice-tensors.ts';
import { nextSlice, type Piece } from './slices.ts';

interface OnnxTask {
  key: string;
  inputs: Tensors;
  rows: number;
  /** Rows whose outputs are in `parts`. */
  done: number;
  parts: Tensors[];
  outputBytes: number;
  abort?: AbortReason;
}

interface Batch {
  run: number;
  tasks: Set<OnnxTask>;
  size: { batchTasks: number; batchRows: number };
  ranMs: number;
  /** A run of several failed: from there on each task runs alone, and fails alone. */
  alone: boolean;
}

export class OnnxRunner implements ModelRunner {
  readonly model: LoadedModel;
  readonly #session: Session;
  readonly #postprocess: Postprocess;
  readonly #outbox: Outbox;
  readonly #batches: Batch[] = [];

  constructor(model: LoadedModel, session: Session, postprocess: Postprocess, outbox: Outbox) {
    this.model = model;
    this.#session = session;
    this.#postprocess = postprocess;
    this.#outbox = outbox;
  }

  get busy(): boolean {
    return this.#batches.length > 0;
  }

  add(run: number, tasks: readonly EngineTask[]): void {
    const size = { batchTasks: tasks.length, batchRows: tasks.reduce((sum, { rows }) => sum + rows, 0) };
    const batch: Batch = { run, tasks: new Set(), size, ranMs: 0, alone: false };
    for (const { key, input } of tasks) {
      try {
        const { inputs, rows } = readTask(this.model.spec, input);
        batch.tasks.add({ key, inputs, rows, done: 0, parts: [], outputBytes: 0 });
      } catch (error) {
        this.#outbox.settled(key, failed(error), { ranMs: 0, ...size });
      }
    }
    this.#batches.push(batch);
  }

  abort(key: string, why: AbortReason): void {
    for (const { tasks } of this.#batches) {
      for (const task of tasks) if (task.key === key && task.abort !== 'cancel') task.abort = why;
    }
  }

  async turn(): Promise<void> {
    const [batch] = this.#batches;
    if (!batch) return;
    for (const task of batch.tasks) this.#dropAborted(batch, task);
    const pieces = nextSlice([...batch.tasks], this.model.spec.maxBatchSize, batch.alone);
    if (pieces.length > 0) await this.#runSlice(batch, pieces);
    else this.#endIfDone(batch);
  }

  /** In the same step as the batch's last task, so that both are told in one message. */
  #endIfDone(batch: Batch): void {
    if (batch.tasks.size > 0) return;
    this.#batches.shift();
    this.#outbox.callEnded(batch.run);
  }

  /** A soft limit acts between slices, so it passes over a task that fits into one. */
  #dropAborted(batch: Batch, task: OnnxTask): void {
    const { maxBatchSize } = this.model.spec;
    if (task.abort === 'cancel') {
      this.#settle(batch, task, failedWith('CANCELLED', 'the task was cancelled before its run was over'));
    } else if (task.abort === 'soft' && maxBatchSize > 0 && task.rows > maxBatchSize) {
      const progress = `after ${task.done} of ${task.rows} rows`;
      this.#settle(batch, task, failedWith('SOFT_TIME_LIMIT', `the task reached its soft time limit ${progress}`));
    }
  }

  async #runSlice(batch: Batch, pieces: readonly Piece<OnnxTask>[]): Promise<void> {
    const started = performance.now();
    let outputs: Tensors[];
    try {
      outputs = await this.#run(pieces);
    } catch (error) {
      if (isBeyondRepair(error)) throw error;
      batch.ranMs += performance.now() - started;
      const [first, ...others] = pieces;
      if (others.length > 0) batch.alone = true;
      else if (first) this.#settle(batch, first.task, failed(error));
      return this.#endIfDone(batch);
    }
    batch.ranMs += performance.now() - started;
    for (const [index, piece] of pieces.entries()) this.#keep(batch, piece, outputs[index] ?? {});
    this.#endIfDone(batch);
  }

  /** One call of the session; gives the outputs of each piece. */
  async #run(pieces: readonly Piece<OnnxTask>[]): Promise<Tensors[]> {
    const { inputs, maxBatchSize } = this.model.spec;
    if (maxBatchSize === 0) return Promise.all(pieces.map(({ task }) => this.#session.run(task.inputs)));
    return splitOutputs(await this.#session.run(joinInputs(inputs, pieces)), pieces);
  }

  #keep(batch: Batch, { task, to }: Piece<OnnxTask>, part: Tensors): void {
    task.parts.push(part);
    task.done = to;
    task.outputBytes += Object.values(part).reduce((sum, tensor) => sum + sizeOf(tensor), 0);
    if (task.outputBytes > limits.outputBytes) this.#settle(batch, task, tooLarge());
    else if (task.done === task.rows) this.#settle(batch, task, this.#finish(task));
  }

  #finish({ parts }: OnnxTask): EngineOutcome {
    try {
      return completed(this.model.spec.outputs, joinOutputs(parts), this.#postprocess, false);
    } catch (error) {
      return failed(error);
    }
  }

  #settle(batch: Batch, task: OnnxTask, outcome: EngineOutcome): void {
    batch.tasks.delete(task);
    this.#outbox.settled(task.key, outcome, { ranMs: batch.ranMs, ...batch.size });
  }
}
