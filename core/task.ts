/** The life of a task: its states, who may follow whom, and the view of a task that every part shares. */

export const taskStates = ['scheduled', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const;
export type TaskState = (typeof taskStates)[number];

/** The one transition table. A state with no successors is terminal. */
export const transitions: Record<TaskState, readonly TaskState[]> = {
  scheduled: ['queued', 'cancelled', 'expired'],
  queued: ['running', 'cancelled', 'expired'],
  running: ['succeeded', 'failed', 'cancelled', 'scheduled', 'queued'],
  succeeded: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/** Whether a text is the name of a state. */
export function isTaskState(text: string): text is TaskState {
  return (taskStates as readonly string[]).includes(text);
}

/** Whether nothing can follow this state. */
export function isTerminal(state: TaskState): boolean {
  return transitions[state].length === 0;
}

/** Why a task, or one attempt of it, ended without success. The closed list, as in `inferq.v1.TaskErrorCode`. */
export const taskErrorCodes = [
  'INVALID_INPUT',
  'MODEL_ERROR',
  'OUT_OF_MEMORY',
  'EXECUTOR_CRASHED',
  'WORKER_LOST',
  'SOFT_TIME_LIMIT',
  'HARD_TIME_LIMIT',
  'START_DEADLINE',
  'OUTPUT_TOO_LARGE',
  'CANCELLED',
] as const;
export type TaskErrorCode = (typeof taskErrorCodes)[number];

/** `message` is one sentence for people; `detail` may hold a stack or a log, at most 4 KiB. */
export interface TaskError {
  code: TaskErrorCode;
  message: string;
  detail: string;
}

/** One attempt: who ran it, in which batch, how long it waited and ran. Times are epoch milliseconds. */
export interface Execution {
  attempt: number;
  worker: string;
  executor: string;
  device: string;
  batchTasks: number;
  batchRows: number;
  queuedMs: number;
  ranMs: number;
  startedAt: number;
  endedAt?: number;
  error?: TaskError;
}

/** What one moment of a task looks like. Times are epoch milliseconds of the Redis clock. */
export interface TaskSnapshot {
  id: string;
  state: TaskState;
  model: string;
  version: string;
  queue: string;
  priority: number;
  /** Starts so far; 0 before the first. */
  attempt: number;
  /** Attempts spent of `maxAttempts`. */
  chargedAttempts: number;
  maxAttempts: number;
  /** Rises with every change; orders snapshots and chunks of one task. */
  sequence: number;
  cancelRequested: boolean;
  partial: boolean;
  ignoreResult: boolean;
  /** The inputs came as typed lists: outputs go back as such. */
  contents: boolean;
  submittedAt: number;
  notBefore?: number;
  startDeadline?: number;
  startedAt?: number;
  endedAt?: number;
  resultExpiresAt?: number;
  redrivenFrom?: string;
  redrivenTo?: string;
  progress?: { fraction?: number; message: string };
  error?: TaskError;
  execution?: Execution;
  earlierExecutions: Execution[];
  /** As submitted: an encoded map, opaque to the queue. */
  metadata?: Uint8Array;
  /** Chunks of the current attempt so far: the next chunk's index. */
  chunks: number;
  /** Sequence of the newest chunk; 0 where there is none. */
  lastChunkSequence: number;
  /** Size of the stored output; 0 where there is none. */
  outputBytes: number;
  /** The stored output, where it is small enough to travel with the snapshot (see `limits.inlineBytes`). */
  output?: Uint8Array;
}

/** One piece of streamed output. `index` counts from 0 within an attempt and never skips. */
export interface ChunkRecord {
  taskId: string;
  sequence: number;
  /** Epoch milliseconds. */
  time: number;
  attempt: number;
  index: number;
  payload: Uint8Array;
}
