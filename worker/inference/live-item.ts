/** A task in a handler's hands. */

import type { Dictionary } from '@inferq/core/dictionary.ts';
import { limits } from '@inferq/core/limits.ts';
import type { ModelSpec, ParameterValue } from '@inferq/core/model.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import type { EngineFacts, EngineOutcome, EngineTask } from '../engine.ts';
import type { Item, Tensors } from '../handler.ts';
import { encodeOutput } from '../payload.ts';
import { cutText, failed, failedWith, fateOf, taskError } from './errors.ts';
import type { AbortReason } from './messages.ts';
import type { Sink } from './outbox.ts';
import { completed, outputFault, type Postprocess } from './outcome.ts';
import type { ReadTask } from './read-task.ts';

/** The call that an item is in. */
export interface Call {
  startedAt: number;
  batchTasks: number;
  batchRows: number;
}

export class LiveItem implements Item {
  readonly key: string;
  readonly attempt: number;
  readonly inputs: Tensors;
  readonly rows: number;
  readonly parameters: Readonly<Dictionary<ParameterValue>>;
  readonly signal: AbortSignal;
  call: Call | undefined;
  #settled = false;
  #aborted: AbortReason | undefined;
  readonly #controller = new AbortController();
  readonly #spec: ModelSpec;
  readonly #postprocess: Postprocess;
  readonly #sink: Sink;

  constructor(task: Pick<EngineTask, 'key' | 'attempt'>, read: ReadTask, spec: ModelSpec, postprocess: Postprocess, sink: Sink) {
    this.key = task.key;
    this.attempt = task.attempt;
    this.inputs = read.inputs;
    this.rows = read.rows;
    this.parameters = read.parameters;
    this.signal = this.#controller.signal;
    this.#spec = spec;
    this.#postprocess = postprocess;
    this.#sink = sink;
  }

  get settled(): boolean {
    return this.#settled;
  }

  emit(outputs: Tensors): Promise<void> {
    const emission = this.#emit(outputs);
    // A handler may choose not to wait; a lost attempt must not end the thread then.
    emission.catch(() => {});
    return emission;
  }

  progress(fraction?: number, message = ''): void {
    if (this.#settled) return;
    const share = fraction === undefined || Number.isNaN(fraction) ? undefined : Math.min(1, Math.max(0, fraction));
    this.#sink.progress(
      this.key,
      share,
      cutText(oneLine(String(message).slice(0, limits.progressMessageBytes)), limits.progressMessageBytes),
    );
  }

  complete(outputs: Tensors, { partial = false }: { partial?: boolean } = {}): void {
    if (this.#settled) return;
    const fault = outputFault(this.#spec.outputs, outputs, false);
    this.#settle(fault === undefined ? completed(outputs, this.#postprocess, partial) : failedWith('MODEL_ERROR', fault, true));
  }

  fail(error: Error | string, { code, retry }: { retry?: boolean; code?: 'MODEL_ERROR' | 'INVALID_INPUT' } = {}): void {
    if (this.#settled) return;
    const fate = code ? { code, retry: code !== 'INVALID_INPUT' } : fateOf(error);
    this.#settle({ kind: 'fail', error: taskError(fate.code, error), retry: retry ?? fate.retry });
  }

  /** For what a handler threw. */
  failThrown(error: unknown): void {
    if (!this.#settled) this.#settle(failed(error));
  }

  /** A cancelled item that its handler has not seen yet ends at once. */
  abort(why: AbortReason): void {
    if (this.#settled || this.#aborted === 'cancel') return;
    this.#aborted = why;
    const sentence = why === 'cancel' ? 'the task was cancelled' : 'the task reached its soft time limit';
    this.#controller.abort(new Error(sentence));
    if (why === 'cancel' && !this.call) this.#settle(failedWith('CANCELLED', sentence));
  }

  async #emit(outputs: Tensors): Promise<void> {
    if (this.#settled) throw new Error('emit came after the item was settled');
    const fault = outputFault(this.#spec.outputs, outputs, true);
    if (fault !== undefined) throw new Error(fault);
    const payload = encodeOutput(outputs);
    if (!payload) throw new Error(`a piece is larger than ${limits.outputBytes / 1_048_576} MiB; emit smaller ones`);
    if (await this.#sink.chunk(this.key, payload)) return;
    this.abort('cancel');
    throw new Error('this attempt is over: its task was cancelled or has moved to another worker');
  }

  #settle(outcome: EngineOutcome): void {
    this.#settled = true;
    this.#sink.settled(this.key, this.#afterAbort(outcome), this.#facts());
  }

  /** A failure after the signal fired is put down to what fired it. */
  #afterAbort(outcome: EngineOutcome): EngineOutcome {
    if (outcome.kind === 'complete' || !this.#aborted) return outcome;
    const code = this.#aborted === 'cancel' ? 'CANCELLED' : 'SOFT_TIME_LIMIT';
    return { kind: 'fail', error: { ...outcome.error, code }, retry: false };
  }

  #facts(): EngineFacts {
    if (!this.call) return { ranMs: 0, batchTasks: 1, batchRows: this.rows };
    const { startedAt, batchTasks, batchRows } = this.call;
    return { ranMs: performance.now() - startedAt, batchTasks, batchRows };
  }
}
