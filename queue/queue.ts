/**
 * What the rest of inferq may ask of the queue. Servers submit, watch and administer; executors claim and settle; upkeep
 * keeps time. Every verb is one script call for many items. Times are epoch milliseconds of the Redis clock unless named
 * otherwise. Everything expected is a value; what a method throws is a StoreError (core/store-error.ts).
 */

import type { FailedModel, ModelSpec } from '@inferq/core/model.ts';
import type { ChunkRecord, TaskError, TaskErrorCode, TaskSnapshot, TaskState } from '@inferq/core/task.ts';
import type { RedisTlsFiles } from './redis-tls.ts';

// Submitting

export interface NewTask {
  id: string;
  model: string;
  version: string;
  /** Whether the submitter left the version open: upkeep may then move the task to another live one. */
  openVersion: boolean;
  queue: string;
  priority: number;
  maxAttempts: number;
  rows: number;
  /** Tasks of one batch share it (see core/tensor/signature.ts). At most 32 characters. */
  signature: string;
  hardLimitMs: number;
  softLimitMs?: number;
  resultTtlMs: number;
  ignoreResult: boolean;
  /** The inputs came as typed lists: outputs go back as such. */
  contents: boolean;
  /** The input stays until the record goes, and counts as a retained result. */
  keepInput: boolean;
  /** At most one of the two. */
  delayMs?: number;
  notBefore?: number;
  /** The earlier one counts, where both are given. */
  startWithinMs?: number;
  startDeadline?: number;
  input: Uint8Array;
  metadata?: Uint8Array;
  /** `key` and `digest` are hashes of at most 32 characters: of the client's key, and of what the request asks for. */
  idempotency?: { key: string; digest: string };
  /** The inbox that wants this task's events, registered before anything can happen to it. */
  watchBy?: string;
  /** With `watchBy`: that inbox hears of nothing but the end. */
  endOnly?: boolean;
  /**
   * The call that holds this task, or the unfinished one that its key names, until `unbind`: `<inbox>/<number>`, of an inbox that
   * is open. Calls count as over when their inbox is gone. What broke off before is taken up again.
   */
  boundTo?: string;
}

export type SubmitOutcome =
  | { kind: 'accepted'; id: string; submittedAt: number }
  /** The key names a task with the same content. */
  | { kind: 'duplicate'; snapshot: TaskSnapshot }
  | { kind: 'conflict'; id: string }
  | { kind: 'full'; what: 'tasks' | 'bytes' | 'results' | 'memory' };

export interface QueueLimits {
  maxTasks: number;
  maxBytes: number;
  retainedBytes: number;
  /** Fraction of Redis' maxmemory. */
  memoryWatermark: number;
}

export interface CancelRequest {
  id: string;
  force: boolean;
}

/** A task and a call that it is bound to, by the name that `NewTask.boundTo` gave. */
export interface BoundCall {
  id: string;
  call: string;
}

export interface DeadLetterFilter {
  model?: string;
  queue?: string;
  codes?: TaskErrorCode[];
  after?: number;
  before?: number;
}

export interface Redriven {
  /** Old id to new id. */
  redriven: Map<string, string>;
  /** Those in `redriven` that were redriven before this call. */
  before: string[];
  /** Dead letters that stay what they are, because their queue has no room. */
  full: { id: string; queue: string; what: 'tasks' | 'bytes' | 'results' }[];
}

export interface DeadLetterPage {
  tasks: TaskSnapshot[];
  /** Pass it to get the next page; undefined at the end. */
  nextToken?: string;
}

export interface QueueStats {
  name: string;
  /** Waiting tasks by priority, less the returned ones. */
  waitingByPriority: Record<number, number>;
  /** Waiting tasks that were released, reclaimed, or must run alone: first of all. */
  waitingReturned: number;
  running: number;
  scheduled: number;
  dead: number;
  oldestAgeMs?: number;
  bytes: number;
  endedByState: Partial<Record<TaskState, number>>;
}

/** What servers use. */
export interface SubmissionQueue {
  submit(tasks: readonly NewTask[]): Promise<SubmitOutcome[]>;
  /** Snapshots in the order of `ids`; undefined for an unknown id. With `watchBy`, also registers that inbox. */
  inspect(ids: readonly string[], watchBy?: string): Promise<(TaskSnapshot | undefined)[]>;
  /** No event of these tasks is wanted by `inbox` any more. */
  unwatch(ids: readonly string[], inbox: string): Promise<void>;
  /** The stored output in full, also above the inline size. */
  readOutput(id: string): Promise<Uint8Array | undefined>;
  /** The input as it was submitted; undefined where it is not kept, or there is no such task. */
  readInput(id: string): Promise<Uint8Array | undefined>;
  /**
   * Chunks of one task after a sequence, oldest first, at most `maxBytes` of payload but at least one chunk where there is one;
   * `gone` where chunks that once lay there no longer exist.
   */
  readChunks(id: string, afterSequence: number, maxBytes: number): Promise<{ chunks: ChunkRecord[]; more: boolean } | 'gone'>;
  /** Undefined for an unknown id; else the task as it stands after the request. */
  cancel(request: CancelRequest): Promise<TaskSnapshot | undefined>;
  /**
   * The call holds the task no longer: it was answered or, with `cancelAfterMs`, it broke off. Where no other call holds the
   * task, it is cancelled after so long, unless a submit binds it before. A call that does not hold the task changes nothing.
   */
  unbind(bound: BoundCall, cancelAfterMs?: number): Promise<void>;
  listDeadLetters(filter: DeadLetterFilter, pageSize: number, token?: string): Promise<DeadLetterPage>;
  /** An id that is not a dead letter is left out; one redriven before gives the same new id again. Memory's watermark does not count. */
  redrive(pairs: readonly { id: string; newId: string }[]): Promise<Redriven>;
  queueStats(names: readonly string[]): Promise<QueueStats[]>;
  /** The Redis clock. */
  now(): Promise<number>;
}

// Running

export interface PoolName {
  queue: string;
  model: string;
  version: string;
}

export interface PoolClaim extends PoolName {
  maxTasks: number;
  /** Rows of one batch; a single task may have more, and then comes alone. */
  maxRows: number;
}

export interface ClaimRequest {
  executor: string;
  worker: string;
  device: string;
  /** Queues in the order to serve them, each with the pools that this executor can run. */
  queues: readonly (readonly PoolClaim[])[];
  maxBytes: number;
  /** Where there is nothing, be rung for the next entry of any of these pools. */
  waitForBell: boolean;
  /** Whether a task that must run alone may be claimed now. */
  solo: boolean;
  /** Of an executor that takes batches from its inbox too; without it, it is rung only. */
  handOvers?: {
    /** The number of the last one that arrived. While another is on its way nothing is claimed beside it. */
    seen: number;
    /** With `waitForBell`: where this claim finds nothing, it is made again for what is submitted next, and its batch sent to the inbox. */
    welcome: boolean;
  };
}

export interface ClaimedTask {
  id: string;
  token: string;
  pool: PoolName;
  attempt: number;
  chargedAttempts: number;
  maxAttempts: number;
  rows: number;
  signature: string;
  /** It must share no run with others. */
  solo: boolean;
  cancelRequested: boolean;
  ignoreResult: boolean;
  hardLimitMs: number;
  softLimitMs?: number;
  startDeadline?: number;
  submittedAt: number;
  startedAt: number;
  queuedMs: number;
  input: Uint8Array;
}

export interface ClaimedBatch {
  tasks: ClaimedTask[];
  /** Something that this claim could have asked for was left. */
  more: boolean;
}

export type ClaimOutcome =
  | ({ kind: 'claimed' } & ClaimedBatch)
  | { kind: 'empty' }
  /** A batch was handed over and is on its way to the inbox. */
  | { kind: 'handed' }
  /** This executor was struck off: it must end itself. */
  | { kind: 'unregistered' };

/** Names one attempt; a token is good for that attempt only. */
export interface AttemptRef {
  id: string;
  token: string;
}

export type ExtendOutcome = 'held' | 'cancel' | 'lost';

export interface RunFacts {
  ranMs: number;
  batchTasks: number;
  batchRows: number;
}

export type Settlement = AttemptRef &
  RunFacts &
  (
    | { verb: 'complete'; output: Uint8Array; partial: boolean }
    /** Charged; again after `delayMs`, or FAILED where no attempt is left. */
    | { verb: 'retry'; error: TaskError; delayMs: number }
    | { verb: 'fail'; error: TaskError }
    /** Uncharged, back to its place; `solo` when it must next run alone. */
    | { verb: 'release'; solo: boolean }
    | { verb: 'cancel' }
  );

/** `accepted` also for a settlement that is sent again; `refused` where the token is stale. */
export type SettleOutcome = 'accepted' | 'refused';

export interface Emission extends AttemptRef {
  kind: 'chunk' | 'progress';
  /** Chunk: its place in the attempt, from 0. One that is sent again is not stored twice. */
  index?: number;
  /** Chunk: encoded outputs. */
  payload?: Uint8Array;
  fraction?: number;
  message?: string;
}

/** `overflow`: the task has streamed more than a task may; `cancel`: it is held, and cancellation was asked for. */
export type EmitOutcome = 'held' | 'cancel' | 'lost' | 'overflow';

/** What executors use. */
export interface ExecutionQueue {
  claim(request: ClaimRequest): Promise<ClaimOutcome>;
  extend(executor: string, attempts: readonly AttemptRef[]): Promise<ExtendOutcome[]>;
  emit(emissions: readonly Emission[]): Promise<EmitOutcome[]>;
  /** Settles a batch and, in the same round trip, claims the next one. */
  settle(settlements: readonly Settlement[], next?: ClaimRequest): Promise<{ outcomes: SettleOutcome[]; next?: ClaimOutcome }>;
  /**
   * Gives back what is pending under this name and not among `known`: for claims and hand-overs that were lost on their way. Returns how
   * many tasks, and the number of the last hand-over; there is no other before the next claim.
   */
  releaseUnknown(executor: string, known: readonly AttemptRef[]): Promise<{ released: number; handOvers: number }>;
  /** Tasks that were handed over, with the inputs that they lacked. One that is gone is empty. */
  withInputs(tasks: readonly ClaimedTask[], lacking: readonly string[]): Promise<ClaimedTask[]>;
}

// Workers and models

export interface ExecutorEntry {
  name: string;
  device: string;
  models: { name: string; version: string }[];
  restarts: number;
  /** How the executor before it ended; '' where there was none. */
  lastExit: string;
}

/** One start of a worker. */
export interface WorkerIdentity {
  name: string;
  /** Random: no other start of a worker has it. */
  instance: string;
  host: string;
  pid: number;
}

export interface WorkerEntry extends WorkerIdentity {
  startedAt: number;
  /** In the order served. Weight 0: strictly before what follows. */
  queues: { queue: string; weight: number }[];
  executors: ExecutorEntry[];
  /** What it was to serve and could not load. */
  failedModels: FailedModel[];
}

export interface Registry {
  /** Workers seen within a lease. */
  workers: WorkerEntry[];
  /** Every model version known, live or not, sorted by name, then version descending. */
  models: ModelSpec[];
  /** Queues named by a model or a worker seen in the last 7 days. */
  queues: string[];
}

/** `taken`: the instance that holds the name, and how long ago it was last heard. */
export type NameOutcome = { kind: 'held' } | { kind: 'taken'; by: Omit<WorkerIdentity, 'name'>; silentMs: number };

export interface WorkerRegistry {
  /**
   * Takes a name for this instance, or keeps it, for a lease. Another instance holds it as long as it was heard, by this call or a
   * heartbeat, within the last half of a lease.
   */
  holdName(worker: WorkerIdentity): Promise<NameOutcome>;
  /**
   * The first call and every heartbeat: within a lease. Registers the named executors, so that they may claim. `modelsLost`: the
   * announcement of one of its models is gone, and the models must be announced again. `taken`: another instance holds the name, as
   * for `holdName`, and nothing was announced.
   */
  announceWorker(entry: WorkerEntry): Promise<'known' | 'modelsLost' | 'taken'>;
  /** Names a model's files; `conflict` where a live executor serves other files under the same version. */
  announceModels(models: readonly ModelSpec[]): Promise<{ name: string; version: string; outcome: 'announced' | 'conflict' }[]>;
  /** The worker leaves; its executors were struck before. Does nothing where another instance has taken the name. */
  retireWorker(worker: WorkerIdentity): Promise<void>;
  /**
   * Strikes an executor and settles what it held: `crash` sends several to solo uncharged, a lone one is charged;
   * `shutdown` releases all uncharged. Returns how many tasks it held.
   */
  strikeExecutor(name: string, why: 'crash' | 'shutdown', lastExit: string): Promise<number>;
  readRegistry(): Promise<Registry>;
  /** Ids of the tasks that each named executor runs, at most `limit` each. */
  runningTasks(executors: readonly string[], limit: number): Promise<Map<string, string[]>>;
}

// Inboxes

export type InboxMessage =
  | { kind: 'snapshot'; snapshot: TaskSnapshot; time: number }
  | { kind: 'chunk'; chunk: ChunkRecord }
  /** Something happened that is too large to tell: read the task again. */
  | { kind: 'wake'; id: string }
  | { kind: 'bell' }
  /** What this executor would have claimed. `lacking`: tasks whose inputs are to be read. */
  | { kind: 'handOver'; number: number; batch: ClaimedBatch; lacking: string[] }
  | { kind: 'cancel'; id: string; force: boolean };

/** A process' one subscription. Messages are hints: records and logs are the truth. */
export interface Inbox {
  readonly name: string;
  /** Whether it is subscribed. Where it is not, because Redis is away or refuses, it tries again until it is. */
  readonly hears: boolean;
  /** Called with all messages of one publication, in order. */
  onMessages(listener: (messages: InboxMessage[]) => void): void;
  /** Called when messages may have been missed: after each confirmed subscription but the first, and after one that cannot be read. */
  onResumed(listener: () => void): void;
  close(): Promise<void>;
}

// Time

/** Each returns how many tasks (or entries) it moved; called once a second or more often by any process. */
export interface Upkeep {
  /** Moves due tasks to their lanes, expires those past their start deadline, ends calls that broke off. */
  promote(): Promise<number>;
  /** Takes back the tasks of vanished workers. Keeps its own contact clock: see queue/verbs/reclaim.ts. */
  reclaim(): Promise<number>;
  /** Dead letters past age, count or bytes; expired ledgers; drained lanes of dead pools; vanished consumers. */
  prune(): Promise<number>;
  /** Lanes with waiting entries are in `ready`; open-version tasks of dead pools move to a live version. */
  repair(): Promise<number>;
  /** Whether this process does this part now: of all processes one does it within `forMs`. */
  takeTurn(part: 'prune' | 'repair', forMs: number): Promise<boolean>;
}

export type ConnectionState = 'up' | 'down';

/** What a start must refuse (a sentence), and what the operator should know of. */
export interface ServerCheck {
  refusal?: string;
  warnings: string[];
}

/** Asks on a connection of its own whether Redis works. */
export interface StoreProbe {
  /** Throws a StoreError where Redis cannot be reached, or refuses writes or any of the commands that inferq needs. */
  ask(): Promise<void>;
  close(): Promise<void>;
}

/** A line for the operator's log about trouble with Redis. */
export interface StoreNotice {
  level: 'info' | 'warn' | 'error';
  message: string;
  details: {
    /** The store's own words. */
    problem?: string;
    code?: string;
    /** The verb that failed, and how many calls did since it was said last. */
    call?: string;
    calls?: number;
    /** How long it lasted. */
    afterMs?: number;
    /** Of a fault: what clients are told to ask for. */
    id?: string;
    err?: unknown;
  };
}

/** One process' way to Redis. */
export interface QueueConnection {
  readonly submission: SubmissionQueue;
  readonly execution: ExecutionQueue;
  readonly registry: WorkerRegistry;
  readonly upkeep: Upkeep;
  readonly state: ConnectionState;
  /** How many calls have succeeded so far. */
  readonly answers: number;
  onState(listener: (state: ConnectionState) => void): void;
  /** Opens the process' inbox: `name` is unique per process start. Resolves after the first try to subscribe; see `Inbox.hears`. */
  openInbox(name: string): Promise<Inbox>;
  openProbe(): StoreProbe;
  /** Looks at version, mode, permissions, eviction policy and layout. Throws a StoreError where Redis does not work now. */
  checkServer(): Promise<ServerCheck>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  url: string;
  /** For `rediss://`: whom to trust, and who this process is. */
  tls?: RedisTlsFiles;
  /** While Redis is away: `fail` answers at once (servers), `wait` holds on until it is back (workers). */
  whenDown: 'fail' | 'wait';
  /** Queue limits for submit; servers set them. */
  limits?: Partial<QueueLimits>;
  leaseMs?: number;
  /** Gives up the first connection. */
  abandon?: AbortSignal;
  /** Called for what belongs into the operator's log; it has no secrets in it and comes seldom enough to be printed. */
  onNotice?: (notice: StoreNotice) => void;
}
