/**
 * A task store in memory, for the orders of things that a real one produces once in a thousand runs: replies can be held back
 * while the world goes on, publications can be lost, calls can fail. It knows nothing of lanes, leases or workers.
 */

import { StoreError } from '@inferq/core/store-error.ts';
import { type ChunkRecord, isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type {
  BoundCall,
  CancelRequest,
  Inbox,
  InboxMessage,
  NewTask,
  Redriven,
  SubmissionQueue,
  SubmitOutcome,
} from '@inferq/queue/queue.ts';

type Method = keyof SubmissionQueue;

/** Base fields of a task that nothing has happened to. */
export function snapshotOf(id: string, changes: Partial<TaskSnapshot> = {}): TaskSnapshot {
  return {
    ...{ id, state: 'queued', model: 'echo', version: '1', queue: 'default', priority: 5, attempt: 0, chargedAttempts: 0 },
    ...{ maxAttempts: 3, sequence: 1, cancelRequested: false, partial: false, ignoreResult: false, contents: false, submittedAt: 0 },
    ...{ earlierExecutions: [], chunks: 0, lastChunkSequence: 0, outputBytes: 0 },
    ...changes,
  };
}

export class FakeQueue implements SubmissionQueue, Inbox {
  readonly name = 'inbox-1';
  readonly hears = true;
  readonly records = new Map<string, TaskSnapshot>();
  readonly logs = new Map<string, ChunkRecord[]>();
  readonly outputs = new Map<string, Uint8Array>();
  readonly inputs = new Map<string, Uint8Array>();
  readonly watchers = new Set<string>();
  /** Every call, in order. */
  readonly calls: { method: Method; given: unknown[] }[] = [];
  /** Methods that the store does not answer. */
  readonly failing = new Set<Method>();
  /** What they throw. */
  failure = new StoreError('away', 'CLOSED', 'the connection was closed');
  /** Publications are lost while this is set. */
  deaf = false;
  submitAnswer: ((task: NewTask) => SubmitOutcome | undefined) | undefined;
  #messages: (messages: InboxMessage[]) => void = () => {};
  #resumed: () => void = () => {};
  readonly #gates = new Map<Method, Promise<void>>();

  /** From now on, calls of `method` take effect at once and answer only after the returned function was called. */
  hold(method: Method): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gates.set(method, gate.promise);
    return () => {
      this.#gates.delete(method);
      gate.resolve();
    };
  }

  /** The inbox is heard again; what was published meanwhile is lost. */
  resume(): void {
    this.deaf = false;
    this.#resumed();
  }

  callsOf(method: Method): unknown[][] {
    return this.calls.filter((call) => call.method === method).map(({ given }) => given);
  }

  // What happens to tasks.

  create(id: string, changes: Partial<TaskSnapshot> = {}): void {
    this.records.set(id, snapshotOf(id, changes));
  }

  start(id: string): void {
    const { attempt } = this.#record(id);
    this.change(id, { state: 'running', attempt: attempt + 1, chunks: 0, startedAt: 1 });
  }

  emit(id: string, text: string): void {
    const record = this.#record(id);
    const chunk: ChunkRecord = {
      ...{ taskId: id, sequence: record.sequence + 1, time: 1, attempt: record.attempt, index: record.chunks },
      payload: Buffer.from(text),
    };
    this.logs.set(id, [...(this.logs.get(id) ?? []), chunk]);
    const { sequence } = chunk;
    this.records.set(id, { ...record, sequence, lastChunkSequence: sequence, chunks: record.chunks + 1 });
    this.publish(id, [{ kind: 'chunk', chunk }]);
  }

  succeed(id: string, output: Uint8Array = Buffer.from('done')): void {
    this.outputs.set(id, output);
    const inline = output.length <= 16 * 1_024;
    this.change(id, { state: 'succeeded', endedAt: 2, outputBytes: output.length, ...(inline ? { output } : {}) });
  }

  change(id: string, changes: Partial<TaskSnapshot>): void {
    const record = this.#record(id);
    const snapshot = { ...record, ...changes, sequence: record.sequence + 1 };
    this.records.set(id, snapshot);
    this.publish(id, [{ kind: 'snapshot', snapshot, time: 1 }]);
  }

  publish(id: string, messages: InboxMessage[]): void {
    if (this.watchers.has(id) && !this.deaf) this.#messages(messages);
  }

  #record(id: string): TaskSnapshot {
    const record = this.records.get(id);
    if (record === undefined) throw new Error(`the test has no task ${id}`);
    return record;
  }

  async #answer<T>(method: Method, given: unknown[], effect: () => T): Promise<T> {
    this.calls.push({ method, given });
    if (this.failing.has(method)) throw this.failure;
    const answer = effect();
    await this.#gates.get(method);
    return answer;
  }

  // The store's and the inbox' side.

  onMessages(listener: (messages: InboxMessage[]) => void): void {
    this.#messages = listener;
  }

  onResumed(listener: () => void): void {
    this.#resumed = listener;
  }

  async close(): Promise<void> {}

  submit(tasks: readonly NewTask[]): Promise<SubmitOutcome[]> {
    return this.#answer('submit', [tasks], () =>
      tasks.map((task) => {
        const other = this.submitAnswer?.(task);
        if (other !== undefined) return other;
        this.create(task.id, { model: task.model, version: task.version, queue: task.queue });
        if (task.watchBy !== undefined) this.watchers.add(task.id);
        return { kind: 'accepted', id: task.id, submittedAt: 0 };
      }),
    );
  }

  inspect(ids: readonly string[], watchBy?: string): Promise<(TaskSnapshot | undefined)[]> {
    return this.#answer('inspect', [ids, watchBy], () => {
      if (watchBy !== undefined) for (const id of ids) if (this.records.has(id)) this.watchers.add(id);
      return ids.map((id) => this.records.get(id));
    });
  }

  unwatch(ids: readonly string[], inbox: string): Promise<void> {
    return this.#answer('unwatch', [ids, inbox], () => {
      for (const id of ids) this.watchers.delete(id);
    });
  }

  readOutput(id: string): Promise<Uint8Array | undefined> {
    return this.#answer('readOutput', [id], () => this.outputs.get(id));
  }

  readInput(id: string): Promise<Uint8Array | undefined> {
    return this.#answer('readInput', [id], () => this.inputs.get(id));
  }

  readChunks(id: string, afterSequence: number, maxBytes: number): Promise<{ chunks: ChunkRecord[]; more: boolean } | 'gone'> {
    return this.#answer('readChunks', [id, afterSequence, maxBytes], () => {
      const log = this.logs.get(id) ?? [];
      if (log.length === 0 && this.#record(id).lastChunkSequence > afterSequence) return 'gone';
      const rest = log.filter(({ sequence }) => sequence > afterSequence);
      let bytes = 0;
      const fitting = rest.filter(({ payload }, index) => {
        bytes += payload.length;
        return index === 0 || bytes <= maxBytes;
      });
      return { chunks: fitting, more: fitting.length < rest.length };
    });
  }

  cancel(request: CancelRequest): Promise<TaskSnapshot | undefined> {
    return this.#answer('cancel', [request], () => {
      const record = this.records.get(request.id);
      if (record === undefined || isTerminal(record.state)) return record;
      this.change(
        request.id,
        record.state === 'running' && !request.force ? { cancelRequested: true } : { state: 'cancelled', endedAt: 2 },
      );
      return this.records.get(request.id);
    });
  }

  unbind(bound: BoundCall, cancelAfterMs?: number): Promise<void> {
    return this.#answer('unbind', [bound, cancelAfterMs], () => undefined);
  }

  listDeadLetters(): Promise<{ tasks: TaskSnapshot[]; nextToken?: string }> {
    return this.#answer('listDeadLetters', [], () => ({ tasks: [...this.records.values()].filter(({ state }) => state === 'failed') }));
  }

  redrive(pairs: readonly { id: string; newId: string }[]): Promise<Redriven> {
    return this.#answer('redrive', [pairs], () => ({ redriven: new Map(pairs.map(({ id, newId }) => [id, newId])), before: [], full: [] }));
  }

  queueStats(names: readonly string[]) {
    return this.#answer('queueStats', [names], () =>
      names.map((name) => ({
        ...{ name, waitingByPriority: {}, waitingReturned: 0, running: 0, scheduled: 0, dead: 0, bytes: 0 },
        endedByState: {},
      })),
    );
  }

  async now(): Promise<number> {
    return 0;
  }
}
