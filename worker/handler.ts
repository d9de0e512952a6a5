/** The handler API: what a model's handler.ts imports, as `@inferq/worker/handler`. */

import type { Dictionary } from '@inferq/core/dictionary.ts';
import type { ParameterValue } from '@inferq/core/model.ts';
import type { ModelTensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';

export type { ModelTensor } from '@inferq/core/tensor/tensor.ts';
export type Tensors = Dictionary<ModelTensor>;

/** A loaded ONNX graph. `run` blocks the inference thread, which is what that thread is for. */
export interface Session {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  run(feeds: Tensors): Promise<Tensors>;
}

/** What a handler knows when it loads. `folder` is the absolute path of the version's folder, `file` is relative to it. */
export interface HandlerContext {
  readonly model: string;
  readonly version: string;
  readonly folder: string;
  readonly device: string;
  /** The model's settings, defaults filled in. */
  readonly config: Readonly<Dictionary<unknown>>;
  session(file: string): Promise<Session>;
}

/** One task in a handler's hands. It is settled by the first `complete` or `fail`; later ones are ignored. */
export interface Item {
  readonly inputs: Tensors;
  readonly rows: number;
  /** Declared parameters, defaults filled in. */
  readonly parameters: Readonly<Dictionary<ParameterValue>>;
  /** Fires when the task is cancelled or its soft time limit passes: stop, and complete with `partial` if that is worth it. */
  readonly signal: AbortSignal;
  /** 1 for the first start. */
  readonly attempt: number;
  /** Streams one piece of output; resolves once Redis has it. Rejects when the attempt is no longer ours: then the signal fires too. */
  emit(outputs: Tensors): Promise<void>;
  /** `fraction` from 0 to 1. May be superseded by later calls before anyone sees it. */
  progress(fraction?: number, message?: string): void;
  complete(outputs: Tensors, options?: { partial?: boolean }): void;
  /** `retry` is true unless said otherwise, and false for INVALID_INPUT. */
  fail(error: Error | string, options?: { retry?: boolean; code?: 'MODEL_ERROR' | 'INVALID_INPUT' }): void;
}

/** `run` gets a batch and settles every item; `step` is called until no item is left, and new items join between calls. */
export type Handler<State> = {
  load(context: HandlerContext): Promise<State> | State;
} & (
  | { run(items: readonly Item[], state: State): Promise<void> | void; step?: never }
  | { step(items: readonly Item[], state: State): Promise<void> | void; run?: never }
);

/** Types a handler: `export default defineHandler({ load, run })`. */
export function defineHandler<State>(handler: Handler<State>): Handler<State> {
  return handler;
}
