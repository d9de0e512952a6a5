/**
 * What every edge of the server may ask for: one set of use cases behind gRPC today and HTTP later. Edges convert, call, and
 * convert back; rules live behind this interface. Times are epoch milliseconds, durations milliseconds.
 */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { GivenParameters, WireParameter } from '@inferq/core/parameters.ts';
import type { Outcome, Refusal } from '@inferq/core/refusal.ts';
import type { ChunkRecord, TaskSnapshot } from '@inferq/core/task.ts';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { DeadLetterFilter, QueueStats, WorkerEntry } from '@inferq/queue/queue.ts';

export type { WireParameter };

/** A Submit, already free of proto: undefined means "not given". */
export interface SubmitCommand {
  model: string;
  version: string;
  inputs: readonly Tensor[];
  parameters: GivenParameters;
  queue: string;
  priority?: number;
  idempotencyKey: string;
  delayMs?: number;
  notBefore?: number;
  startWithinMs?: number;
  startDeadline?: number;
  softLimitMs?: number;
  hardLimitMs?: number;
  maxAttempts?: number;
  resultTtlMs?: number;
  ignoreResult?: boolean;
  keepInput?: boolean;
  metadata: ReadonlyMap<string, string>;
  /** Whether the inputs came as typed lists instead of raw bytes: outputs go back the same way unless asked otherwise. */
  contents: boolean;
  /** What the request takes in memory until it is released. */
  bytes: number;
  /** The payload as stored (inputs and parameters); called once, after the request was found valid. */
  encodeInput(): Uint8Array;
  /** Called once the payload is stored, or will not be: `inputs` are gone then. */
  release(): void;
}

/** How a call ends: its own deadline (epoch ms, Infinity without one) and whether the client is still there. */
export interface CallContext {
  deadline: number;
  /** Fires when the client has gone away; never after a reply. */
  signal: AbortSignal;
}

/**
 * A task as clients see it. `output` is complete where it was asked for and exists; look here, not at `snapshot.output`.
 * `snapshot.metadata` reads back with `decodeMetadata` of use-cases/metadata.ts.
 */
export interface TaskView {
  snapshot: TaskSnapshot;
  /** Why no live worker takes it, in one sentence; undefined where one does, or it does not wait. */
  unserved?: string;
  output?: Uint8Array;
}

export type ViewEvent =
  | { kind: 'state'; time: number; view: TaskView }
  | { kind: 'progress'; time: number; view: TaskView }
  | { kind: 'chunk'; chunk: ChunkRecord };

/** What a watch yields: first the snapshot, then batches of events that are ready together; it ends after the terminal one. */
export type WatchUpdate = { kind: 'snapshot'; view: TaskView } | { kind: 'events'; events: ViewEvent[] };

/** Thrown by the iteration of a watch, or of a stream's replies, that began and cannot go on: tell the client its refusal. */
export class WatchBroken extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export interface WatchOptions {
  afterSequence: number;
  /** Whether outputs are wanted; false saves reading them. */
  outputs: boolean;
  cancelOnDisconnect: boolean;
}

/** What every item of a stream has. */
interface ItemOptions {
  correlationId: string;
  /** A watch follows its task in any case. */
  follow: boolean;
  /** Of a followed task only the last event is wanted. */
  endOnly?: boolean;
  outputs: boolean;
}

export type StreamItem = ItemOptions &
  /** `waitMs` and `bindToCall` belong to unary calls: an item that sets them is refused. */
  (
    | { action: 'submit'; command: SubmitCommand; waitMs?: number; bindToCall?: boolean }
    | { action: 'watch'; taskId: string; options: WatchOptions }
    | { action: 'cancel'; taskId: string; force: boolean }
    /** The edge could not read the item. */
    | { action: 'refused'; refusal: Refusal }
  );

export type StreamReply =
  | { kind: 'accepted'; correlationId: string; taskId: string; duplicate: boolean }
  | { kind: 'snapshot'; correlationId: string; duplicate: boolean; view: TaskView }
  | { kind: 'refused'; correlationId: string; refusal: Refusal }
  | { kind: 'event'; taskId: string; event: ViewEvent };

/**
 * One SubmitMany stream. `push` takes a message's items at once; its promise resolves when more may be read (flow control).
 * `replies` yields what is ready together and ends after `end`, all outcomes and all followed ends. A follow that cannot go on
 * ends with a second reply to its item, `refused`.
 */
export interface SubmitStream {
  push(items: readonly StreamItem[]): Promise<void>;
  end(): void;
  replies: AsyncIterable<StreamReply[]>;
}

export interface Page<T> {
  items: T[];
  nextToken: string;
}

export interface ModelView {
  name: string;
  /** Empty for a model that has no valid version. */
  version: string;
  /** Undefined for what has never been loaded anywhere. */
  spec?: ModelSpec;
  liveExecutors: number;
  /** Live workers that could not load it, and why. */
  failures: readonly { worker: string; reason: string }[];
}

/** One that some worker has announced. */
export interface KnownModelView extends ModelView {
  spec: ModelSpec;
}

export interface QueueView {
  stats: QueueStats;
  maxTasks: number;
  maxBytes: number;
  liveExecutors: number;
}

export interface WorkerView {
  entry: WorkerEntry;
  runningTaskIds: Map<string, string[]>;
}

export type RedriveSelection = { kind: 'ids'; ids: readonly string[] } | { kind: 'filter'; filter: DeadLetterFilter } | { kind: 'all' };

/** A task that was asked for and is not redriven. */
export interface SkippedTask {
  id: string;
  refusal: Refusal;
}

export interface Redriven {
  /** Dead letters that the selection matched. */
  matched: number;
  /** How many of them were made by a redrive themselves. */
  failedAgain: number;
  /** Old id to new id. */
  redriven: Map<string, string>;
  /** Those in `redriven` that an earlier call had redriven. */
  before: string[];
  /** Matched ones that this call left where they are, because of its limit or because their queues are full. */
  remaining: number;
  skipped: SkippedTask[];
}

export interface Broker {
  submit(
    command: SubmitCommand,
    options: { waitMs?: number; bindToCall: boolean; outputs: boolean },
    call: CallContext,
  ): Promise<Outcome<{ taskId: string; duplicate: boolean; task?: TaskView }>>;
  submitMany(call: CallContext): SubmitStream;
  getResult(taskId: string, options: { waitMs?: number; outputs: boolean }, call: CallContext): Promise<Outcome<TaskView>>;
  /** The outcome tells at once whether there is anything to watch. Iteration stops when the call's signal fires. */
  watch(taskId: string, options: WatchOptions, call: CallContext): Promise<Outcome<AsyncIterable<WatchUpdate>>>;
  cancel(taskId: string, force: boolean): Promise<Outcome<TaskView>>;
  /** The inputs and parameters as `encodeInput` gave them. */
  getInput(taskId: string): Promise<Outcome<Uint8Array>>;
  getModel(name: string, version: string): Promise<Outcome<KnownModelView>>;
  listQueues(pageSize: number, token: string): Promise<Outcome<Page<QueueView>>>;
  listWorkers(pageSize: number, token: string): Promise<Outcome<Page<WorkerView>>>;
  listModels(pageSize: number, token: string): Promise<Outcome<Page<ModelView>>>;
  listDeadLetters(filter: DeadLetterFilter, pageSize: number, token: string): Promise<Outcome<Page<TaskView>>>;
  redrive(selection: RedriveSelection, options: { dryRun: boolean; limit: number }): Promise<Outcome<Redriven>>;
}
