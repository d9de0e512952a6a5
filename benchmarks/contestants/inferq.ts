/** Ours: a Redis, a server and a worker as processes, and a client. */

import { InferqClient } from '@inferq/client/index.ts';
import { startMeasuredServer } from '@inferq/test/support/memory.ts';
import { startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { startProcess, type TestProcess } from '@inferq/test/support/stack.ts';
import { Redis } from 'ioredis';
import type { Setup } from '../scenario.ts';

export interface Inferq {
  readonly redis: TestRedis;
  /** A connection for asking Redis what it did. */
  readonly admin: Redis;
  readonly server: TestProcess;
  /** Undefined where none was asked for. */
  readonly worker: TestProcess | undefined;
  readonly client: InferqClient;
  /** Starts another worker for these models. */
  work(models: string): Promise<TestProcess>;
  stop(): Promise<void>;
}

export interface InferqOptions {
  /** Which models the worker loads, as for `--models`; no worker where it is ''. */
  models: string;
  worker?: readonly string[];
  server?: readonly string[];
  /** The server's memory can be asked for. */
  measured?: boolean;
  /** Where server and worker find Redis, if not where it listens: a proxy in front of it. */
  redisUrl?(redis: TestRedis): Promise<string>;
}

/** Starts all; each contestant has its own, with the append-only file on, written every second. */
export async function startInferq(setup: Setup, options: InferqOptions): Promise<Inferq> {
  const redis = await startRedis({ appendfsync: 'everysec' });
  const url = (await options.redisUrl?.(redis)) ?? redis.url;
  const quiet = ['--log-level', 'warn'];
  const serverArgs = ['--listen', '127.0.0.1:0', ...quiet, ...(options.server ?? [])];
  const server = await (options.measured ? startMeasuredServer(serverArgs, url) : startProcess('server', serverArgs, url));
  const workers: TestProcess[] = [];
  const work = async (models: string) => {
    // As its peers: the model on one thread.
    const args = ['--repository', setup.repository, '--models', models, '--threads', '1', ...quiet, ...(options.worker ?? [])];
    const worker = await startProcess('worker', args, url);
    workers.push(worker);
    return worker;
  };
  if (options.models !== '') await work(options.models);
  const client = new InferqClient({ server: server.address });
  const admin = new Redis(redis.url);
  return {
    redis,
    admin,
    server,
    worker: workers[0],
    client,
    work,
    async stop() {
      client.close();
      admin.disconnect();
      await Promise.all([server, ...workers].map((one) => one.stop('SIGKILL')));
      await redis.stop();
    },
  };
}
