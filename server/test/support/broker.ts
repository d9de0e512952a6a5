/** A broker over the store in memory, and what its tests say over and over. */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { Outcome, Refusal } from '@inferq/core/refusal.ts';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { Registry, WorkerEntry, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { CallContext, SubmitCommand } from '@inferq/server/broker.ts';
import type { Clock } from '@inferq/server/use-cases/clock.ts';
import { type BrokerParts, createBroker, type RunningBroker } from '@inferq/server/use-cases/create-broker.ts';
import { FakeQueue } from './fake-queue.ts';

/** A clock that tests move. */
export class ManualClock implements Clock {
  #now: number;
  #timers = new Set<{ at: number; run: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}

/** A handler model with one FP32 input of [-1, 2]. */
export function modelSpec(changes: Partial<ModelSpec> = {}): ModelSpec {
  return {
    ...{ name: 'echo', version: '1', digest: 'd', kind: 'handler', description: '', queue: 'default', maxBatchSize: 8, maxRows: 100 },
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2], optional: false }],
    outputs: [],
    parameters: [{ name: 'seed', type: 'int64', default: 0, description: '' }],
    retry: { maxAttempts: 4, delayMs: 1, factor: 2, maxDelayMs: 10 },
    ...{ hardLimitMs: 60_000, resultTtlMs: 600_000, ignoreResult: false },
    ...changes,
  };
}

/** One worker with one executor. */
export function workerEntry(name: string, queues: string[], models: { name: string; version: string }[]): WorkerEntry {
  return {
    ...{ name, instance: name, host: 'host', pid: 1, startedAt: 0 },
    queues: queues.map((queue) => ({ queue, weight: 0 })),
    executors: [{ name: `${name}-0`, device: 'cpu', models, restarts: 0, lastExit: '' }],
    failedModels: [],
  };
}

/** A tensor of `rows` x 2 zeros. */
export function tensorOf(rows: number, name = 'x'): Tensor {
  return { name, datatype: 'FP32', shape: [BigInt(rows), 2n], data: { $case: 'raw', value: new Uint8Array(rows * 8) } };
}

export function commandOf(changes: Partial<SubmitCommand> = {}): SubmitCommand {
  return {
    ...{
      model: 'echo',
      version: '',
      inputs: [tensorOf(1)],
      parameters: new Map(),
      queue: '',
      idempotencyKey: '',
      metadata: new Map(),
      contents: false,
      bytes: 0,
      release: () => undefined,
    },
    encodeInput: () => Buffer.from('input'),
    ...changes,
  };
}

export interface TestBroker {
  broker: RunningBroker;
  queue: FakeQueue;
  clock: ManualClock;
  registry: Registry;
  /** How often the registry was read. */
  reads(): number;
}

/** Milliseconds at which test clocks start. */
export const startTime = 1_800_000_000_000;

export function startBroker(changes: Partial<BrokerParts> = {}): TestBroker {
  const queue = new FakeQueue();
  const clock = new ManualClock(startTime);
  const served = [{ name: 'echo', version: '1' }];
  const registry: Registry = { workers: [workerEntry('w', ['default'], served)], models: [modelSpec()], queues: ['default'] };
  let reads = 0;
  const workers: Pick<WorkerRegistry, 'readRegistry' | 'runningTasks'> = {
    readRegistry: async () => {
      reads += 1;
      return structuredClone(registry);
    },
    runningTasks: async (executors) => new Map(executors.map((name) => [name, ['task']])),
  };
  const broker = createBroker({
    ...{ submission: queue, inbox: queue, registry: workers as WorkerRegistry, queues: ['extra'], clock },
    limits: { maxTasks: 10, maxBytes: 1_000, retainedBytes: 1_000, memoryWatermark: 0.8 },
    ...changes,
  });
  return { broker, queue, clock, registry, reads: () => reads };
}

/** A call without a deadline, and how its client leaves. */
export function openCall(deadline = Number.POSITIVE_INFINITY): { call: CallContext; leave: () => void } {
  const controller = new AbortController();
  return { call: { deadline, signal: controller.signal }, leave: () => controller.abort() };
}

export function grantedValue<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal.message}`);
  return outcome.value;
}

export function refusalOf(outcome: Outcome<unknown>): Refusal {
  if (outcome.ok) throw new Error('was granted');
  return outcome.refusal;
}
