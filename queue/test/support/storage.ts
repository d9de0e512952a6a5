/** A Redis and a connection for one test file; emptied before and checked after each test. */

import type { TaskSnapshot } from '@inferq/core/task.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { connectQueue } from '../../connect.ts';
import { key } from '../../keys.ts';
import type {
  AttemptRef,
  ClaimedTask,
  ClaimRequest,
  ConnectOptions,
  ExecutionQueue,
  NewTask,
  QueueConnection,
  RunFacts,
  SubmissionQueue,
  Upkeep,
  WorkerRegistry,
} from '../../queue.ts';
import { claimRequest, executorEntry, newTask, workerEntry } from './build.ts';
import { violations } from './invariants.ts';
import { recordOf } from './records.ts';

export interface Storage {
  readonly server: TestRedis;
  /** For looking and meddling. */
  readonly redis: Redis;
  readonly connection: QueueConnection;
  readonly tasks: SubmissionQueue;
  readonly run: ExecutionQueue;
  readonly registry: WorkerRegistry;
  readonly upkeep: Upkeep;
  /** A further connection, closed with the file. */
  connect(options?: Partial<ConnectOptions>): Promise<QueueConnection>;
  register(...executors: string[]): Promise<void>;
  /** Submits one task, which must be accepted. */
  submit(parts?: Partial<NewTask>): Promise<string>;
  claim(parts?: Partial<ClaimRequest>): Promise<ClaimedTask[]>;
  /** Submits one task and starts it. */
  start(parts?: Partial<NewTask>, executor?: string): Promise<ClaimedTask>;
  look(id: string): Promise<TaskSnapshot>;
  state(id: string): Promise<string>;
  /** Makes an attempt look as if its lease had not been renewed for so long. */
  age(task: AttemptRef, idleMs: number): Promise<void>;
}

export const ran: RunFacts = { ranMs: 5, batchTasks: 1, batchRows: 1 };

/** What to pass to settle for a task that succeeded. */
export function completed(task: AttemptRef, output: Uint8Array = Buffer.from('an output')) {
  return { verb: 'complete', id: task.id, token: task.token, ...ran, output, partial: false } as const;
}

export function failed(task: AttemptRef) {
  const error = { code: 'MODEL_ERROR', message: 'It failed.', detail: 'a stack' } as const;
  return { verb: 'fail', id: task.id, token: task.token, ...ran, error } as const;
}

export function retried(task: AttemptRef, delayMs = 0) {
  return { ...failed(task), verb: 'retry', delayMs } as const;
}

export function released(task: AttemptRef, solo = false) {
  return { verb: 'release', id: task.id, token: task.token, ...ran, solo } as const;
}

/** Executors `x1`, `x2` and `x3` are registered before each test. */
export function openStorage(options: Partial<ConnectOptions> = {}, settings: Record<string, string> = {}): Storage {
  let server: TestRedis;
  let redis: Redis;
  let connection: QueueConnection;
  const opened: QueueConnection[] = [];

  const storage: Storage = {
    get server() {
      return server;
    },
    get redis() {
      return redis;
    },
    get connection() {
      return connection;
    },
    get tasks() {
      return connection.submission;
    },
    get run() {
      return connection.execution;
    },
    get registry() {
      return connection.registry;
    },
    get upkeep() {
      return connection.upkeep;
    },
    connect: async (parts = {}) => {
      const further = await connectQueue({ url: server.url, whenDown: 'wait', ...options, ...parts });
      opened.push(further);
      return further;
    },
    register: async (...executors) => {
      await connection.registry.announceWorker(workerEntry({ executors: executors.map((name) => executorEntry(name)) }));
    },
    submit: async (parts) => {
      const task = newTask(parts);
      expect(await connection.submission.submit([task])).toMatchObject([{ kind: 'accepted' }]);
      return task.id;
    },
    claim: async (parts) => {
      const outcome = await connection.execution.claim(claimRequest(parts));
      return outcome.kind === 'claimed' ? outcome.tasks : [];
    },
    start: async (parts, executor = 'x1') => {
      const id = await storage.submit(parts);
      const [task] = await storage.claim({ executor });
      if (!task) throw new Error('nothing was claimed');
      expect(task.id).toBe(id);
      return task;
    },
    look: async (id) => {
      const [snapshot] = await connection.submission.inspect([id]);
      if (!snapshot) throw new Error(`no task ${id}`);
      return snapshot;
    },
    state: async (id) => (await storage.look(id)).state,
    age: async (task, idleMs) => {
      const { queue, model, version, rank, entry, executor } = await recordOf(redis, task.id);
      await redis.call(
        'XCLAIM',
        key('lane', `${queue}:${model}:${version}:${rank}`),
        'w',
        `${executor}`,
        0,
        `${entry}`,
        'IDLE',
        idleMs,
        'JUSTID',
      );
    },
  };

  beforeAll(async () => {
    server = await startRedis({ appendonly: 'no', ...settings });
    redis = new Redis(server.url, { protocol: 2 });
    redis.on('error', () => {});
    connection = await storage.connect();
  });
  beforeEach(async () => {
    await redis.flushall();
    await storage.register('x1', 'x2', 'x3');
  });
  afterEach(async () => {
    expect(await violations(redis)).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
    redis?.disconnect();
    await server?.stop();
  });
  return storage;
}

/** Asks again until the answer is true; for what Redis does by its clock. */
export async function until(asked: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await asked())) await new Promise((resolve) => setTimeout(resolve, 5));
}
