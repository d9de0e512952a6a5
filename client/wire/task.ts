/** Tasks as programs read them. */

import {
  taskErrorCodeToJSON,
  taskStateToJSON,
  type Execution as WireExecution,
  Task as WireTask,
  type TaskError as WireTaskError,
} from '../../proto/gen/inferq/v1/task.ts';
import { decodeTensors } from '../tensor/decode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Dictionary, dictionary } from './dictionary.ts';
import { protobufJson } from './json.ts';
import { durationMs } from './time.ts';

export type TaskState = 'SCHEDULED' | 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EXPIRED';

export interface TaskError {
  /** Such as MODEL_ERROR or HARD_TIME_LIMIT. */
  code: string;
  message: string;
  /** A stack or a log, where there is one. */
  detail: string;
}

/** One attempt: who ran it, in which batch, how long it waited and ran. */
export interface Execution {
  attempt: number;
  worker: string;
  executor: string;
  device: string;
  batchTasks: number;
  batchRows: number;
  queuedMs: number;
  ranMs: number;
  startTime: Date | undefined;
  endTime: Date | undefined;
  error: TaskError | undefined;
}

export interface Progress {
  /** From 0 to 1, where the model knows. */
  fraction: number | undefined;
  message: string;
}

export interface Classification {
  index: number;
  label: string;
  score: number;
}

export interface Task {
  id: string;
  state: TaskState;
  model: string;
  version: string;
  queue: string;
  priority: number;
  /** Starts so far. */
  attempt: number;
  /** Attempts spent of `maxAttempts`. */
  chargedAttempts: number;
  maxAttempts: number;
  sequence: number;
  cancelRequested: boolean;
  /** The outputs are what there was when a soft limit fired. */
  partial: boolean;
  /** Waiting in a queue that no live worker serves for this model. */
  unserved: boolean;
  /** Why, in one sentence; empty where it is served. */
  unservedReason: string;
  /** By name. Decoded when first read; throws InferqError where the server sent no tensors. */
  readonly outputs: Dictionary<Tensor>;
  /** One list for each row, best first, of a model that classifies. */
  classifications: Classification[][];
  error: TaskError | undefined;
  progress: Progress | undefined;
  execution: Execution | undefined;
  earlierExecutions: Execution[];
  submitTime: Date | undefined;
  notBefore: Date | undefined;
  startDeadline: Date | undefined;
  startTime: Date | undefined;
  endTime: Date | undefined;
  resultExpireTime: Date | undefined;
  metadata: Dictionary<string>;
  /** Empty, or the dead letter this task came from, and the task this dead letter became. */
  redrivenFrom: string;
  redrivenTo: string;
  /** The message as it came. */
  raw: WireTask;
  /** The message in protobuf's JSON form. */
  toJSON(): unknown;
}

/** Whether nothing can follow. */
export function isTerminal(state: TaskState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED' || state === 'EXPIRED';
}

/** The readable form of a message. */
export function taskOf(raw: WireTask): Task {
  const { error, execution, progress, classifications, sequence, state, outputs: _, ...same } = raw;
  let outputs: Dictionary<Tensor> | undefined;
  return {
    ...same,
    state: taskStateToJSON(state).replace('TASK_STATE_', '') as TaskState,
    sequence: Number(sequence),
    get outputs() {
      outputs ??= decodeTensors(raw.outputs);
      return outputs;
    },
    classifications: classifications.map(({ classes }) => classes),
    error: error && taskErrorOf(error),
    progress: progress && { fraction: progress.fraction, message: progress.message },
    execution: execution && executionOf(execution),
    earlierExecutions: raw.earlierExecutions.map(executionOf),
    metadata: dictionary(raw.metadata),
    raw,
    toJSON: () => taskJson(raw),
  };
}

/** The generated toJSON loses an entry of metadata called `__proto__`. */
function taskJson(raw: WireTask): unknown {
  const { size } = raw.metadata;
  const json = protobufJson(WireTask.toJSON(raw)) as object;
  return size === 0 ? json : { ...json, metadata: dictionary(raw.metadata) };
}

function executionOf({ queued, ran, error, ...same }: WireExecution): Execution {
  return { ...same, queuedMs: queued ? durationMs(queued) : 0, ranMs: ran ? durationMs(ran) : 0, error: error && taskErrorOf(error) };
}

function taskErrorOf({ code, message, detail }: WireTaskError): TaskError {
  return { code: taskErrorCodeToJSON(code).replace('TASK_ERROR_CODE_', ''), message, detail };
}
