/** A whole inferq in processes of its own: a Redis with an append-only file, two servers, two workers. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { startProcess, type TestProcess, testRepository } from '@inferq/test/support/stack.ts';
import { Redis } from 'ioredis';
import { childrenOf, signal } from '../chaos/fleet/children.ts';
import { frailQueue, idleQueue } from './load/parts.ts';
import { noteLiveHeaps } from './memory/live-heap.ts';

const collect = new URL('memory/collect.ts', import.meta.url).href;
const outage = fileURLToPath(new URL('../models/outage', import.meta.url));

export interface Fleet {
  redis: TestRedis;
  /** Straight to Redis. */
  admin: Redis;
  servers: TestProcess[];
  /** Its executor lives as long as the soak. */
  steady: TestProcess;
  /** Its executor is crashed now and then: it alone serves the queue of such tasks. */
  frail: TestProcess;
  /** Stops all but Redis as an operator does; resolves to a sentence for each that did not end well. */
  stop(): Promise<string[]>;
  /** Leaves nothing behind. */
  end(): Promise<void>;
}

/** Starts everything; resolves when tasks can be submitted and run. */
export async function startFleet(): Promise<Fleet> {
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import ${collect}`;
  const heaps = mkdtempSync(join(tmpdir(), 'inferq-heaps-'));
  noteLiveHeaps(heaps);
  const repository = testRepository();
  cpSync(outage, join(repository, 'outage'), { recursive: true });
  const redis = await startRedis({ appendonly: 'yes', appendfsync: 'everysec' });
  const admin = new Redis(redis.url, { protocol: 2, replyMapping: 'legacy' });
  const started: TestProcess[] = [];
  const end = async () => {
    admin.disconnect();
    for (const { pid } of started) for (const one of [...childrenOf(pid), pid]) signal(one, 'SIGKILL');
    await redis.stop();
    for (const folder of [repository, heaps]) rmSync(folder, { recursive: true, force: true });
  };
  const start = async (kind: 'server' | 'worker', args: string[]) => {
    const one = await startProcess(kind, [...args, '--log-level', 'warn'], redis.url);
    started.push(one);
    return one;
  };
  const startServer = () => start('server', ['--listen', '127.0.0.1:0', '--queues', idleQueue]);
  const startWorker = (queues: string) => start('worker', ['--repository', repository, '--queues', queues]);
  try {
    const [steady, frail] = await Promise.all([startWorker('default'), startWorker(`${frailQueue},default`)]);
    const servers = await Promise.all([startServer(), startServer()]);
    const stop = async () => {
      const stopped = await Promise.all(started.map(async (one) => ({ one, how: await one.stop() })));
      return stopped
        .filter(({ how }) => how !== 0)
        .map(({ one, how }) => `process ${one.pid} ended with ${how}: ${one.output().slice(-500)}`);
    };
    return { redis, admin, servers, steady, frail, stop, end };
  } catch (error) {
    await end();
    throw error;
  }
}
