/** The system under test: the real verbs on a real Redis, and a server's inbox that hears of watched tasks. */

import { encode } from '@msgpack/msgpack';
import { Redis } from 'ioredis';
import { startRedis } from '../../../test/support/redis.ts';
import { connectQueue } from '../../connect.ts';
import { key } from '../../keys.ts';
import type { InboxMessage, QueueConnection, QueueLimits, WorkerEntry } from '../../queue.ts';
import { executorEntry, modelSpec, workerEntry } from '../support/build.ts';
import { type Model, newModel } from './oracle/model.ts';

export const executors = ['x1', 'x2', 'x3'];
export const queues = ['default', 'batch'];
export const inboxName = 'server';
/** Calls that tasks are bound to: of that server, and of one that was killed. */
export const calls = [`${inboxName}/1`, `${inboxName}/2`, 'killed/1'];
/** So long that no lease runs out by itself: the test ages them. */
export const leaseMs = 600_000;
/** Limits that a few small tasks reach. */
export const tightLimits: QueueLimits = { maxTasks: 5, maxBytes: 50_000, retainedBytes: 60, memoryWatermark: 1 };

export interface System {
  /** For looking and meddling. */
  readonly redis: Redis;
  readonly queue: QueueConnection;
  /** The same queue, with `tightLimits`. */
  readonly tight: QueueConnection;
  /** What happened in this run, for people. */
  readonly trace: string[];
  /** Empties Redis and registers all executors anew. */
  reset(): Promise<Model>;
  /** What the inbox was told since the last call. */
  heard(): Promise<InboxMessage[]>;
  close(): Promise<void>;
}

/** A worker that has these executors, each with these versions of the model. */
export function worker(names: readonly string[], versions: readonly string[]): WorkerEntry {
  const models = versions.map((version) => ({ name: 'm', version }));
  return workerEntry({
    queues: queues.map((queue) => ({ queue, weight: 0 })),
    executors: names.map((name) => executorEntry(name, { models })),
  });
}

export async function openSystem(): Promise<System> {
  const server = await startRedis({ appendonly: 'no' });
  const redis = new Redis(server.url, { protocol: 2 });
  const [queue, tight] = await Promise.all([
    connectQueue({ url: server.url, whenDown: 'wait', leaseMs }),
    connectQueue({ url: server.url, whenDown: 'wait', leaseMs, limits: tightLimits }),
  ]);
  const inbox = await queue.openInbox(inboxName);
  const messages: InboxMessage[] = [];
  let onBell = () => {};
  inbox.onMessages((batch) => {
    for (const message of batch) {
      if (message.kind === 'bell') onBell();
      else messages.push(message);
    }
  });
  const trace: string[] = [];

  return {
    redis,
    queue,
    tight,
    trace,
    reset: async () => {
      await redis.flushall();
      trace.length = 0;
      messages.length = 0;
      await queue.registry.announceWorker(worker(executors, ['1', '2']));
      await queue.registry.announceModels([modelSpec(), modelSpec({ version: '2' })]);
      return newModel(executors, ['1', '2']);
    },
    heard: async () => {
      // Published last, it comes last.
      const rung = new Promise<void>((resolve) => {
        onBell = resolve;
      });
      await redis.call('SPUBLISH', key('inbox', inboxName), Buffer.from(encode([['b']])));
      await rung;
      return messages.splice(0);
    },
    close: async () => {
      await Promise.all([queue.close(), tight.close()]);
      redis.disconnect();
      await server.stop();
    },
  };
}
