/** An executor on a queue and an engine that tests play themselves, and on a clock that they turn. */

import { StoreError } from '@inferq/core/store-error.ts';
import type {
  AttemptRef,
  ClaimedTask,
  ClaimOutcome,
  ClaimRequest,
  Emission,
  EmitOutcome,
  ExecutionQueue,
  ExtendOutcome,
  Inbox,
  InboxMessage,
  Settlement,
} from '@inferq/queue/queue.ts';
import type { Engine, EngineListener, EngineOutcome, EngineTask, LoadedModel, ModelRef } from '../engine.ts';
import type { Clock } from '../executor/clock.ts';
import { Executor } from '../executor/executor.ts';
import type { QueueShare } from '../queue-shares.ts';

export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Lets everything happen that needs no more time. */
  async calm(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#soon.length > 0) quiet = -1;
      for (const run of this.#soon.splice(0)) run();
    }
  }

  /** Turns the clock, stopping at each timer on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.calm();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.calm();
    }
    this.#now = end;
  }
}

export interface Waiting {
  id: string;
  model: string;
  queue: string;
  rows: number;
  solo: boolean;
  signature: string;
  more: Partial<ClaimedTask>;
}

/** Lanes in memory, first in first out within a pool. */
export class PlayedQueue implements ExecutionQueue {
  readonly waiting: Waiting[] = [];
  readonly claims: ClaimRequest[] = [];
  /** What each settle call carried. */
  readonly settled: Settlement[][] = [];
  readonly emitted: Emission[][] = [];
  readonly extended: AttemptRef[][] = [];
  readonly known: AttemptRef[][] = [];
  readonly verdicts = new Map<string, ExtendOutcome>();
  emitVerdict: EmitOutcome = 'held';
  /** How long each claim and settlement takes. */
  roundTripMs = 0;
  roundTrips = 0;
  /** Batches that were handed over. */
  handOvers = 0;
  away = false;
  readonly #clock: ManualClock;
  #attempts = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  add(model: string, more: Partial<Waiting> = {}): string {
    const id = more.id ?? `task-${this.waiting.length + this.#attempts}`;
    this.waiting.push({ model, queue: 'default', rows: 1, solo: false, signature: 's', more: {}, ...more, id });
    return id;
  }

  async claim(request: ClaimRequest): Promise<ClaimOutcome> {
    this.claims.push(request);
    await this.#travel();
    return this.#take(request);
  }

  async extend(_executor: string, attempts: readonly AttemptRef[]): Promise<ExtendOutcome[]> {
    if (this.away) throw new StoreError('away', 'CLOSED', 'away');
    this.extended.push([...attempts]);
    return attempts.map(({ id }) => this.verdicts.get(id) ?? 'held');
  }

  async emit(emissions: readonly Emission[]): Promise<EmitOutcome[]> {
    this.emitted.push([...emissions]);
    await this.#travel();
    return emissions.map(() => this.emitVerdict);
  }

  async settle(settlements: readonly Settlement[], next?: ClaimRequest) {
    this.settled.push([...settlements]);
    if (next) this.claims.push(next);
    await this.#travel();
    const outcomes = settlements.map(() => 'accepted' as const);
    return next ? { outcomes, next: this.#take(next) } : { outcomes };
  }

  async releaseUnknown(_executor: string, known: readonly AttemptRef[]): Promise<{ released: number; handOvers: number }> {
    if (this.away) throw new StoreError('away', 'CLOSED', 'away');
    this.known.push([...known]);
    return { released: 0, handOvers: this.handOvers };
  }

  /** What the last claim would find now, as a message for the inbox. */
  handOver(lacking: string[] = []): InboxMessage {
    const { handOvers: _seen, ...request } = this.claims.at(-1) as ClaimRequest;
    const outcome = this.#take(request);
    if (outcome.kind !== 'claimed') throw new Error('there is nothing to hand over');
    this.handOvers += 1;
    return { kind: 'handOver', number: this.handOvers, batch: outcome, lacking };
  }

  async withInputs(tasks: readonly ClaimedTask[]): Promise<ClaimedTask[]> {
    await this.#travel();
    return [...tasks];
  }

  /** The verbs by which a task was settled. */
  verbs(id: string): string[] {
    return this.settled.flat().flatMap((settlement) => (settlement.id === id ? [settlement.verb] : []));
  }

  settlement(id: string): Settlement | undefined {
    return this.settled.flat().find((settlement) => settlement.id === id);
  }

  async #travel(): Promise<void> {
    this.roundTrips += 1;
    if (this.away) throw new StoreError('away', 'CLOSED', 'away');
    if (this.roundTripMs > 0) await new Promise<void>((resolve) => this.#clock.after(this.roundTripMs, resolve));
  }

  #take(request: ClaimRequest): ClaimOutcome {
    if (request.handOvers && request.handOvers.seen !== this.handOvers) return { kind: 'handed' };
    for (const pools of request.queues) {
      const fits = (task: Waiting) => pools.find((pool) => pool.queue === task.queue && pool.model === task.model);
      const first = this.waiting.find((task) => fits(task) && (request.solo || !task.solo));
      const pool = first && fits(first);
      if (!first || !pool) continue;
      const batch = [first];
      for (const task of this.waiting) {
        const rows = batch.reduce((sum, other) => sum + other.rows, task.rows);
        const same = task.model === first.model && task.queue === first.queue && task.signature === first.signature && !task.solo;
        if (task === first || !same || first.solo) continue;
        if (batch.length >= pool.maxTasks || rows > pool.maxRows) break;
        batch.push(task);
      }
      for (const task of batch) this.waiting.splice(this.waiting.indexOf(task), 1);
      const more = this.waiting.some(({ model, solo }) => model === batch[0]?.model && (!solo || request.solo));
      return { kind: 'claimed', tasks: batch.map((task) => this.#start(task)), more };
    }
    return { kind: 'empty' };
  }

  #start({ id, model, queue, rows, solo, signature, more }: Waiting): ClaimedTask {
    this.#attempts += 1;
    return {
      id,
      token: `token-of-${id}`,
      pool: { queue, model, version: '1' },
      attempt: 1,
      chargedAttempts: 0,
      maxAttempts: 3,
      rows,
      signature,
      solo,
      cancelRequested: false,
      ignoreResult: false,
      hardLimitMs: 300_000,
      submittedAt: 0,
      startedAt: this.#clock.now(),
      queuedMs: 0,
      input: new Uint8Array(0),
      ...more,
    };
  }
}

export interface PlayedBatch {
  number: number;
  model: string;
  ids: string[];
}

/** Keeps what it is given until the test says how it ends. */
export class PlayedEngine implements Engine {
  readonly failed = [];
  readonly models: readonly LoadedModel[];
  /** What has begun. */
  readonly batches: { model: string; ids: string[] }[] = [];
  /** What was sent behind a batch of the same model that still runs. */
  readonly queued: PlayedBatch[] = [];
  readonly aborted: string[] = [];
  #started = 0;
  readonly #running: PlayedBatch[] = [];
  #owed: (() => void)[] = [];
  #blocked = false;
  readonly #listener: EngineListener;
  readonly #keys = new Map<string, string>();

  constructor(models: readonly LoadedModel[], listener: EngineListener) {
    this.models = models;
    this.#listener = listener;
  }

  start(model: ModelRef, tasks: EngineTask[]): number {
    const ids = tasks.map(({ key }) => key.slice(0, key.lastIndexOf('/')));
    for (const [index, id] of ids.entries()) this.#keys.set(id, tasks[index]?.key ?? '');
    const batch = { number: ++this.#started, model: model.name, ids };
    const busy = this.#running.some((other) => other.model === model.name) && !this.#isContinuous(model.name);
    if (busy) this.queued.push(batch);
    else this.#begin(batch);
    return batch.number;
  }

  abort(key: string, why: string): void {
    const id = key.slice(0, key.lastIndexOf('/'));
    this.aborted.push(`${id} ${why}`);
    for (const batch of this.queued) batch.ids = batch.ids.filter((other) => other !== id || why !== 'cancel');
  }

  #begin(batch: PlayedBatch): void {
    this.batches.push({ model: batch.model, ids: batch.ids });
    if (!this.#isContinuous(batch.model)) this.#running.push(batch);
  }

  #isContinuous(model: string): boolean {
    return this.models.some(({ spec, continuous }) => spec.name === model && continuous);
  }

  ping(answered: () => void): void {
    if (this.#blocked) this.#owed.push(answered);
    else answered();
  }

  async close(): Promise<void> {}

  /** A call blocks the inference thread, until it does not. */
  block(blocked: boolean): void {
    this.#blocked = blocked;
    if (!blocked) for (const answered of this.#owed.splice(0)) answered();
  }

  end(id: string, outcome: EngineOutcome = { kind: 'complete', output: new Uint8Array(1), partial: false }): void {
    this.#listener.settled(this.#keys.get(id) ?? '', outcome, { ranMs: 5, batchTasks: 1, batchRows: 1 });
  }

  fail(id: string, retry = true): void {
    this.end(id, { kind: 'fail', error: { code: 'MODEL_ERROR', message: 'no luck', detail: '' }, retry });
  }

  /** The call of the model's oldest batch returned; what was sent behind it begins. */
  callEnded(model: string): void {
    const at = this.#running.findIndex((batch) => batch.model === model);
    const [over] = at < 0 ? [] : this.#running.splice(at, 1);
    const next = this.queued.findIndex((batch) => batch.model === model);
    const [behind] = next < 0 ? [] : this.queued.splice(next, 1);
    if (behind && behind.ids.length > 0) this.#begin(behind);
    if (over) this.#listener.callEnded(over.number);
    if (behind?.ids.length === 0) this.#listener.callEnded(behind.number);
  }

  /** Ends all of the newest batch, and its call. */
  finish(): void {
    const batch = this.batches.at(-1);
    for (const id of batch?.ids ?? []) this.end(id);
    this.callEnded(batch?.model ?? '');
  }

  chunk(id: string, done: (held: boolean) => void): void {
    this.#listener.chunk(this.#keys.get(id) ?? '', new Uint8Array(3), done);
  }

  progress(id: string, fraction: number): void {
    this.#listener.progress(this.#keys.get(id) ?? '', fraction, '');
  }

  /** It cannot go on, and no task is to blame. */
  fault(): void {
    this.#listener.faulty(new Error('a bug of ours'));
  }

  break(): void {
    this.#listener.broken(new Error('the session is beyond repair'));
  }
}

export function loadedModel(name: string, more: { maxBatchSize?: number; continuous?: boolean; lingerMs?: number } = {}): LoadedModel {
  const { maxBatchSize = 4, continuous = false, lingerMs = 0 } = more;
  return {
    continuous,
    lingerMs,
    spec: {
      name,
      version: '1',
      digest: 'd',
      kind: 'handler',
      description: '',
      inputs: [],
      outputs: [],
      parameters: [],
      queue: 'default',
      maxBatchSize,
      maxRows: 10_000,
      retry: { maxAttempts: 3, delayMs: 1_000, factor: 2, maxDelayMs: 60_000 },
      hardLimitMs: 10_000,
      resultTtlMs: 60_000,
      ignoreResult: false,
    },
  };
}

export interface Played {
  clock: ManualClock;
  queue: PlayedQueue;
  engine: PlayedEngine;
  executor: Executor;
  /** Why the executor asked to be ended. */
  ended: string[];
  /** Delivers to the executor's inbox. */
  deliver: (message: InboxMessage) => void;
}

/** An executor that has loaded `models` and has just begun to claim. `prepare` sees the queue before. */
export async function play(
  models: readonly LoadedModel[],
  prepare: (queue: PlayedQueue) => void = () => {},
  shares: QueueShare[] = [{ queue: 'default', weight: 0 }],
): Promise<Played> {
  const clock = new ManualClock();
  const queue = new PlayedQueue(clock);
  prepare(queue);
  const ended: string[] = [];
  const executor = await Executor.open(
    {
      identity: { name: 'executor', worker: 'worker', device: 'cpu', shares, leaseMs: 3_000 },
      queue,
      clock,
      random: () => 0.5,
      onEnd: (reason) => ended.push(reason),
      onError: (error) => {
        throw error;
      },
    },
    async (listener) => new PlayedEngine(models, listener),
  );
  let deliver: (message: InboxMessage) => void = () => {};
  const inbox: Inbox = {
    name: 'executor',
    hears: true,
    onMessages: (listener) => {
      deliver = (message) => listener([message]);
    },
    onResumed: () => {},
    close: async () => {},
  };
  executor.start(inbox);
  await clock.calm();
  return { clock, queue, engine: executor.engine as PlayedEngine, executor, ended, deliver: (message) => deliver(message) };
}
