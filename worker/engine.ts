/**
 * What an executor's main thread asks of its inference thread, and hears from it. The engine loads models, runs batches and
 * steps, and knows nothing of queues, leases or Redis.
 */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { TaskError } from '@inferq/core/task.ts';
import type { LogLevel } from './log.ts';
import type { ModelVersion } from './repository/repository.ts';

export interface ModelRef {
  name: string;
  version: string;
}

/** One attempt. `key` is its token, `id` its task; `input` an encoded StoredInput, whose memory passes to the inference thread. */
export interface EngineTask {
  key: string;
  id: string;
  attempt: number;
  rows: number;
  input: Uint8Array;
}

/**
 * `output` is an encoded StoredOutput. `breach`: the handler broke a rule that holds for every input. `suspect`: it is one of several tasks of which one has caused an error, nobody knows which; it is to
 * be given back uncharged and run alone.
 */
export type EngineOutcome =
  | { kind: 'complete'; output: Uint8Array; partial: boolean }
  | { kind: 'fail'; error: TaskError; retry: boolean; breach?: boolean }
  | { kind: 'suspect' };

export interface EngineFacts {
  ranMs: number;
  batchTasks: number;
  batchRows: number;
}

/** Everything the engine tells, in order. Called on the main thread. */
export interface EngineListener {
  /** An item was settled; nothing follows for this key. Comes when the item is done, not when its batch is. */
  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void;
  /** `payload` is an encoded StoredOutput. Call `done(true)` once Redis has it, `done(false)` when the attempt is lost. */
  chunk(key: string, payload: Uint8Array, done: (held: boolean) => void): void;
  progress(key: string, fraction: number | undefined, message: string): void;
  /** Nothing of the batch with this number is left in the engine. Batches whose items joined a `step` are not told of. */
  callEnded(run: number): void;
  /** The thread died or a session is beyond repair: the executor must end, and what ran is to blame. */
  broken(error: Error): void;
  /** The thread cannot go on, and no task is known to be the cause: the executor must end. */
  faulty(error: Error): void;
}

export interface EngineOptions {
  /** What to load. */
  models: readonly ModelVersion[];
  /** Whether the parent of this process listens to the reports of ../load-report.ts. */
  reports?: boolean;
  /** `cpu` or `cuda:0` (always ordinal 0: CUDA_VISIBLE_DEVICES selects). */
  device: string;
  /** Threads of one session's operators. */
  threads: number;
  /** How the inference thread logs, for whom, and to which file descriptor. */
  log: { level: LogLevel; worker: string; executor: string; dest: number };
}

export interface Engine {
  /** What was loaded and warmed up. */
  readonly models: readonly LoadedModel[];
  /** What could not be loaded. */
  readonly failed: readonly FailedLoad[];
  /**
   * Starts a batch of one model, behind those that were started before: one `run`, or joins the items to the next `step`. All tasks
   * share a signature, or one is alone. Returns the batch's number.
   */
  start(model: ModelRef, tasks: EngineTask[]): number;
  /** Fires the item's signal. A plain ONNX model acts on it before each slice: `cancel` and `soft` then fail the item. */
  abort(key: string, why: 'cancel' | 'soft'): void;
  /** Calls `answered` as soon as no call blocks the inference thread: one that only awaits something lets the answer through. */
  ping(answered: () => void): void;
  close(): Promise<void>;
}

/** `spec` is announced; the rest decides how the executor batches. */
export interface LoadedModel extends WarmUpRemarks {
  spec: ModelSpec;
  continuous: boolean;
  /** Waits so long for a fuller batch, counted from the oldest task; 0: greedy. */
  lingerMs: number;
}

/** What went wrong in the warm-up, on made-up input. The model is served nonetheless. */
export interface WarmUpRemarks {
  /** It may well be the input's fault. */
  warning?: string;
  /** It is the handler's fault: its code is wrong for every input. */
  fault?: string;
}

/** A model version that could not be loaded: why, in a sentence, and what else is known of it (a stack, a longer message). */
export interface FailedLoad extends ModelRef {
  reason: string;
  detail: string;
}
