/** What the faults strike: a Redis with an append-only file, one server, and workers that can be replaced, all real processes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferqClient, type SubmitRequest, type Task, tensor } from '@inferq/client/index.ts';
import { startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { eventually, startProcess, type TestProcess } from '@inferq/test/support/stack.ts';
import { childrenOf, signal } from '../chaos/fleet/children.ts';
import { type Run, readJournal } from '../chaos/oracle/journal.ts';

const models = fileURLToPath(new URL('../models', import.meta.url));
const patienceMs = 60_000;
/** Of a worker, where nobody asks for another number. */
const usualExecutors = 2;

/** The default, and what the targets are stated in. */
export const leaseMs = 10_000;

export interface Submitted {
  tag: number;
  taskId: string;
}

export class Bench {
  readonly redis: TestRedis;
  readonly client: InferqClient;
  readonly #journal: string;
  readonly #processes: Set<TestProcess>;
  #lastTag = 0;

  /** Starts Redis and a server; workers are started by those who need them. */
  static async start(): Promise<Bench> {
    const redis = await startRedis({ appendonly: 'yes', appendfsync: 'everysec' });
    try {
      const args = ['--listen', '127.0.0.1:0', '--lease', `${leaseMs}ms`, '--log-level', 'warn'];
      return new Bench(redis, await startProcess('server', args, redis.url));
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  private constructor(redis: TestRedis, server: TestProcess) {
    this.redis = redis;
    this.client = new InferqClient({ server: server.address });
    this.#processes = new Set([server]);
    this.#journal = mkdtempSync(join(tmpdir(), 'inferq-recovery-'));
    // The model notes there which process starts what, and when.
    process.env.INFERQ_JOURNAL = this.#journal;
  }

  /** A worker with so many executors on the processor. */
  async startWorker(executors = usualExecutors): Promise<TestProcess> {
    const devices = Array.from({ length: executors }, () => 'cpu').join(',');
    const args = ['--repository', models, '--models', 'mishap', '--devices', devices, '--lease', `${leaseMs}ms`];
    const worker = await startProcess('worker', args, this.redis.url);
    this.#processes.add(worker);
    return worker;
  }

  /** Resolves when all executors of a worker are registered. */
  async whole(worker: TestProcess, wanted = usualExecutors): Promise<void> {
    await eventually('all executors of the worker are up', async () => {
      for await (const { pid, executors } of this.client.admin.workers()) {
        if (pid === worker.pid) return executors.length === wanted && childrenOf(pid).length === wanted;
      }
      return false;
    });
  }

  /** Submits a task that does `act` for `ms`; `stream` ends early where it is cancelled. */
  async submit(act: 'echo' | 'busy' | 'stream', ms = 0, more: Partial<SubmitRequest> = {}): Promise<Submitted> {
    const tag = ++this.#lastTag;
    const inputs = { tag: tensor.int32([1, 1], [tag]) };
    const { taskId } = await this.client.submit({ model: 'mishap', inputs, parameters: { act, ms, times: 1 }, ...more });
    return { tag, taskId };
  }

  /** Every run that the model noted of a task, in the order of attempts. */
  runsOf({ tag }: Submitted): Run[] {
    return (readJournal(this.#journal).get(tag) ?? []).sort((one, other) => one.attempt - other.attempt);
  }

  /** Resolves to the run of this attempt of each task, once all have started. */
  async started(tasks: readonly Submitted[], attempt: number): Promise<Run[]> {
    return await eventually(
      `attempt ${attempt} of ${tasks.length} tasks starts`,
      () => {
        const journal = readJournal(this.#journal);
        const runs = tasks.flatMap(({ tag }) => journal.get(tag)?.find((run) => run.attempt === attempt) ?? []);
        return runs.length === tasks.length && runs;
      },
      patienceMs,
    );
  }

  /** Resolves to the tasks as they ended. */
  ended(tasks: readonly Submitted[]): Promise<Task[]> {
    return Promise.all(tasks.map(({ taskId }) => this.client.getResult(taskId, { waitMs: 2 * patienceMs })));
  }

  async cancelAll(tasks: readonly Submitted[]): Promise<void> {
    await Promise.all(tasks.map(({ taskId }) => this.client.cancel(taskId)));
  }

  /** Stops a worker as an operator does. */
  async retire(worker: TestProcess): Promise<void> {
    await worker.stop('SIGTERM');
    this.#processes.delete(worker);
  }

  /** Ends a process and its children at once, frozen ones too. */
  kill(target: TestProcess): void {
    for (const pid of childrenOf(target.pid)) signal(pid, 'SIGKILL');
    target.child.kill('SIGKILL');
    this.#processes.delete(target);
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    this.client.close();
    for (const one of this.#processes) this.kill(one);
    await this.redis.stop();
    rmSync(this.#journal, { recursive: true, force: true });
  }
}
