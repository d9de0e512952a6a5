/** What is watched: a Redis, one server and workers, all real processes. */

import { fileURLToPath } from 'node:url';
import { InferqClient, type SubmitRequest, tensor } from '@inferq/client/index.ts';
import { startMeasuredServer } from '@inferq/test/support/memory.ts';
import { startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { eventually, startProcess, type TestProcess } from '@inferq/test/support/stack.ts';

const digitsModels = fileURLToPath(new URL('../../models', import.meta.url));
const ownModels = fileURLToPath(new URL('models', import.meta.url));

export const digit: SubmitRequest = { model: 'digits', inputs: { image: tensor.fp32([1, 64], new Float32Array(64)) } };

export class Bench {
  readonly redis: TestRedis;
  readonly server: TestProcess;
  readonly client: InferqClient;
  readonly #workers = new Set<TestProcess>();

  /** Starts Redis and a server; workers are started by those who need them. */
  static async start(): Promise<Bench> {
    const redis = await startRedis();
    try {
      return new Bench(redis, await startMeasuredServer(['--listen', '127.0.0.1:0', '--log-level', 'warn'], redis.url));
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  private constructor(redis: TestRedis, server: TestProcess) {
    this.redis = redis;
    this.server = server;
    this.client = new InferqClient({ server: server.address });
  }

  /** A worker on the processor; resolves when its model is served. */
  async startWorker(model: 'digits' | 'pour'): Promise<TestProcess> {
    const repository = model === 'digits' ? digitsModels : ownModels;
    const worker = await startProcess('worker', ['--repository', repository, '--models', model, '--devices', 'cpu'], this.redis.url);
    this.#workers.add(worker);
    await eventually(`${model} is served`, async () => {
      for await (const { name, liveExecutors } of this.client.admin.models()) if (name === model) return liveExecutors > 0;
      return false;
    });
    return worker;
  }

  /** Stops a worker as an operator does. */
  async retire(worker: TestProcess): Promise<void> {
    await worker.stop('SIGTERM');
    this.#workers.delete(worker);
  }

  /** Submits many tasks over one stream; resolves to their ids. */
  async submit(requests: Iterable<SubmitRequest>): Promise<string[]> {
    const taskIds: string[] = [];
    const items = [...requests].map((submit) => ({ submit }));
    for await (const output of this.client.submitMany(items)) {
      if (output.kind === 'refused') throw output.error;
      if (output.kind === 'accepted') taskIds.push(output.taskId);
    }
    return taskIds;
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    this.client.close();
    await Promise.all([...this.#workers, this.server].map((one) => one.stop('SIGKILL')));
    await this.redis.stop();
  }
}
