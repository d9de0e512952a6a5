/** A task in a handler's hands. */

import type { Dictionary } from '@inferq/core/dictionary.ts';
import { limits } from '@inferq/core/limits.ts';
import type { ModelSpec, ParameterValue } from '@inferq/core/model.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import type { EngineFacts, EngineOutcome, EngineTask } from '../engine.ts';
import type { Item, Tensors } from '../handler.ts';
import { encodeOutput } from '../payload.ts';
import { Backlog, overflows } from './backlog.ts';
import { cutText, failed, failedWith, fateOf, taskError } from './errors.ts';
import type { AbortReason } from './messages.ts';
import type { Sink } from './outbox.ts';
import { completed, outputFault, type Postprocess } from './outcome.ts';
import type { ReadTask } from './read-task.ts';
import { inScope, type Scope } from './scope.ts';

/** The call that an item is in. */
export interface Call {
  scope: Scope;
  startedAt: number;
  batchTasks: number;
  batchRows: number;
}

/** What a handler gets from an item that has ended: it is about this one, whatever else is in the call. */
export class ItemError extends Error {
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

export class LiveItem implements Item {
  readonly key: string;
  readonly attempt: number;
  readonly inputs: Tensors;
  readonly rows: number;
  readonly parameters: Readonly<Dictionary<ParameterValue>>;
  readonly signal: AbortSignal;
  /** The task's id. */
  readonly id: string;
  call: Call | undefined;
  #settled = false;
  #late: Promise<never> | undefined;
  readonly #unstored = new Backlog();
  #aborted: AbortReason | undefined;
  readonly #controller = new AbortController();
  readonly #spec: ModelSpec;
  readonly #postprocess: Postprocess;
  readonly #sink: Sink;

  constructor(task: Pick<EngineTask, 'key' | 'id' | 'attempt'>, read: ReadTask, spec: ModelSpec, postprocess: Postprocess, sink: Sink) {
    this.key = task.key;
    this.id = task.id;
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
    // One for all that come late: a loop that awaits nothing shall not pile them up.
    this.#late ??= this.#settled ? unheard(Promise.reject(new ItemError(this.key, 'emit came after the item was settled'))) : undefined;
    if (this.#late) return this.#late;
    const fault = outputFault(this.#spec.outputs, outputs, true);
    if (fault !== undefined) throw new TypeError(fault);
    const payload = encodeOutput(this.#spec.outputs, outputs);
    if (!payload) throw new Error(`a chunk is larger than ${limits.outputBytes / 1_048_576} MiB; emit smaller ones`);
    if (overflows(this.#unstored, this.#sink.unstored, payload.byteLength)) throw this.#overflowed();
    return unheard(this.#send(payload));
  }

  progress(fraction?: number, message = ''): void {
    if (this.#settled) return;
    const share = Number.isFinite(fraction) ? Math.min(1, Math.max(0, Number(fraction))) : undefined;
    const most = limits.progressMessageBytes;
    this.#sink.progress(this.key, share, cutText(oneLine(String(message).slice(0, most)), most));
  }

  complete(outputs: Tensors, { partial }: { partial?: boolean } = {}): void {
    if (this.#settled) return;
    const fault = outputFault(this.#spec.outputs, outputs, false);
    if (fault !== undefined) this.breach(fault);
    else this.#settle(completed(this.#spec.outputs, outputs, this.#postprocess, partial === true));
  }

  fail(error: Error | string, { code, retry }: { retry?: boolean; code?: 'MODEL_ERROR' | 'INVALID_INPUT' } = {}): void {
    if (this.#settled) return;
    const given = code === 'MODEL_ERROR' || code === 'INVALID_INPUT';
    const fate = given ? { code, retry: code !== 'INVALID_INPUT' } : fateOf(error);
    this.#settle({ kind: 'fail', error: taskError(fate.code, error), retry: Boolean(retry ?? fate.retry) });
  }

  /** The handler broke a rule that holds for every input. */
  breach(sentence: string): void {
    if (!this.#settled) this.#settle({ kind: 'fail', error: taskError('MODEL_ERROR', sentence), retry: true, breach: true });
  }

  /** For what a handler threw. */
  failThrown(error: unknown): void {
    if (!this.#settled) this.#settle(failed(error));
  }

  /** Ends it although its handler goes on, which the signal tells. */
  end(outcome: EngineOutcome): void {
    if (this.#settled) return;
    this.#settle(outcome);
    this.#fire('the item has ended');
  }

  /** A cancelled item that its handler has not seen yet ends at once. */
  abort(why: AbortReason): void {
    if (this.#settled || this.#aborted === 'cancel') return;
    this.#aborted = why;
    const sentence = why === 'cancel' ? 'the task was cancelled' : 'the task reached its soft time limit';
    this.#fire(sentence);
    if (why === 'cancel' && !this.call) this.#settle(failedWith('CANCELLED', sentence));
  }

  async #send(payload: Uint8Array): Promise<void> {
    const { byteLength } = payload;
    this.#unstored.add(byteLength);
    const held = await this.#sink.chunk(this.key, payload);
    this.#unstored.remove(byteLength);
    if (held) return;
    this.abort('cancel');
    throw new ItemError(this.key, 'this attempt is over: its task was cancelled or has moved to another worker');
  }

  /** Told at once: whoever emits in a loop without a pause keeps this thread from telling anything. */
  #overflowed(): ItemError {
    const { chunks, bytes } = this.#unstored;
    const error = new ItemError(
      this.key,
      `emit was called again while ${chunks} chunks (${bytes} bytes) of this task were not stored yet: await each emit`,
    );
    this.end(failed(error));
    this.#sink.flush();
    return error;
  }

  #fire(sentence: string): void {
    const abort = () => this.#controller.abort(new Error(sentence));
    // What listeners throw is then put down to the call.
    if (this.call) inScope(this.call.scope, abort);
    else abort();
  }

  #settle(outcome: EngineOutcome): void {
    this.#settled = true;
    this.#sink.settled(this.key, this.#afterAbort(outcome), this.#facts());
  }

  /** A failure after the signal fired is put down to what fired it. */
  #afterAbort(outcome: EngineOutcome): EngineOutcome {
    if (outcome.kind !== 'fail' || !this.#aborted) return outcome;
    const code = this.#aborted === 'cancel' ? 'CANCELLED' : 'SOFT_TIME_LIMIT';
    return { kind: 'fail', error: { ...outcome.error, code }, retry: false };
  }

  #facts(): EngineFacts {
    if (!this.call) return { ranMs: 0, batchTasks: 1, batchRows: this.rows };
    const { startedAt, batchTasks, batchRows } = this.call;
    return { ranMs: performance.now() - startedAt, batchTasks, batchRows };
  }
}

/** For a promise that a handler need not await: one that is rejected unheard is no error. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
