/** A worker in a process of its own on a Redis of its own, and the queue as a server would use it. */

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ParameterValue } from '@inferq/core/model.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import { newTaskId } from '@inferq/core/task-id.ts';
import { connectQueue } from '@inferq/queue/connect.ts';
import type { NewTask, QueueConnection } from '@inferq/queue/queue.ts';
import { onTestFinished } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import type { WorkerInfo, WorkerOptions } from '../main.ts';
import { floats, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

/** The shortest there is. */
const leaseMs = 5_000;

const settings = `
handler: handler.ts
max_batch_size: 8
max_rows: 8
retry: { max_attempts: 3, delay: 10ms }
parameters:
  blocks_ms: { type: int64, default: 0 }
  crashes: { type: bool, default: false }
  answers_at_once: { type: bool, default: false }
  waits_for: { type: string, default: "" }
inputs: [{ name: x, datatype: FP32, shape: [-1, 1] }]
outputs: [{ name: y, datatype: FP32, shape: [-1, 1] }]
`;

/** Blocks the inference thread like a native call, or takes the process with it: where it is told to, once a file is there. */
const handler = `
import { existsSync } from 'node:fs';
import { defineHandler } from '@inferq/worker/handler';
const never = new Int32Array(new SharedArrayBuffer(4));
export default defineHandler({
  load: () => undefined,
  async run(items) {
    for (const item of items) if (item.parameters.answers_at_once) item.complete({ y: item.inputs.x! });
    const awaited = items.map((item) => String(item.parameters.waits_for)).filter(Boolean);
    while (!awaited.every((file) => existsSync(file))) await new Promise((resolve) => setTimeout(resolve, 5));
    if (items.some((item) => item.parameters.crashes)) process.kill(process.pid, 'SIGSEGV');
    const longest = Math.max(...items.map((item) => Number(item.parameters.blocks_ms)));
    if (longest > 0) Atomics.wait(never, 0, 0, longest);
    for (const item of items) item.complete({ y: item.inputs.x! });
  },
});`;

export function probeRepository(more: Record<string, string> = {}): Promise<string> {
  return repositoryOf({ 'probe/model.yaml': settings, 'probe/1/handler.ts': handler, ...more });
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #info: WorkerInfo | undefined;
  #refusal = '';
  #output = '';

  /** `place`: where it believes that it runs. */
  constructor(options: WorkerOptions, place?: { host: string; pid: number }) {
    this.#child = fork(
      new URL('./worker-child.ts', import.meta.url),
      [options, ...(place ? [place] : [])].map((value) => JSON.stringify(value)),
      {
        execArgv: [],
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    this.#child.stdout?.on('data', (data) => {
      this.#output += data;
    });
    this.#exited = once(this.#child, 'exit').then(([code]) => code as number | null);
    this.#child.on('message', (message: { info?: WorkerInfo; refusal?: string }) => {
      this.#info = message.info ?? this.#info;
      this.#refusal = message.refusal ?? this.#refusal;
    });
    onTestFinished(() => this.kill());
  }

  /** Resolves when it claims. */
  async ready(): Promise<WorkerInfo> {
    const info = await Promise.race([eventually('the worker is ready', () => this.#info), this.#exited.then(() => undefined)]);
    if (!info) throw new Error(`the worker did not start: ${this.#refusal}`);
    return info;
  }

  /** Why it refused to start, and its exit code. */
  async refused(): Promise<{ sentence: string; code: number | null }> {
    const code = await this.#exited;
    return { sentence: this.#refusal, code };
  }

  /** What it has logged so far. */
  logged(): Record<string, unknown>[] {
    const lines = this.#output.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code. */
  exited(): Promise<number | null> {
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Looks again and again until there is something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 20_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Bench {
  redis: TestRedis;
  queue: QueueConnection;
  repository: string;
  worker(more?: Partial<WorkerOptions>, place?: { host: string; pid: number }): WorkerProcess;
  submit(parameters?: Record<string, ParameterValue>, more?: Partial<NewTask>): Promise<string>;
  submitAll(tasks: readonly Record<string, ParameterValue>[], more?: Partial<NewTask>): Promise<string[]>;
  task(id: string): Promise<TaskSnapshot>;
  ended(id: string): Promise<TaskSnapshot>;
}

/** A Redis, a connection to it and a repository with the probe; all of it ends with the test. */
export async function openBench(): Promise<Bench> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const queue = await connectQueue({ url: redis.url, whenDown: 'wait', leaseMs });
  onTestFinished(() => queue.close());
  const repository = await probeRepository();
  const task = async (id: string) => {
    const [snapshot] = await queue.submission.inspect([id]);
    if (!snapshot) throw new Error(`there is no task ${id}`);
    return snapshot;
  };
  const submitAll: Bench['submitAll'] = async (tasks, more = {}) => {
    const submitted = tasks.map((parameters) => newTask(parameters, more));
    await queue.submission.submit(submitted);
    return submitted.map(({ id }) => id);
  };
  return {
    redis,
    queue,
    repository,
    worker: (more = {}, place) => new WorkerProcess({ redisUrl: redis.url, repository, leaseMs, logLevel: 'silent', ...more }, place),
    submit: async (parameters = {}, more = {}) => (await submitAll([parameters], more))[0] ?? '',
    submitAll,
    task,
    ended: (id) =>
      eventually(`${id} has ended`, async () => {
        const snapshot = await task(id);
        return isTerminal(snapshot.state) && snapshot;
      }),
  };
}

function newTask(parameters: Record<string, ParameterValue>, more: Partial<NewTask>): NewTask {
  const { input } = taskOf('', { x: floats([1, 1], [1]) }, parameters);
  return {
    id: newTaskId(Date.now(), 0, randomBytes(14)),
    model: 'probe',
    version: '1',
    openVersion: false,
    queue: 'default',
    priority: 5,
    maxAttempts: 3,
    rows: 1,
    contents: false,
    signature: 's',
    hardLimitMs: 30_000,
    resultTtlMs: 600_000,
    ignoreResult: false,
    keepInput: false,
    input,
    ...more,
  };
}
