/** BullMQ: a worker, and a client that learns from QueueEvents what completed. */

import { modelFile } from '../repository.ts';
import type { Setup } from '../scenario.ts';
import { type PeerQueue, queueOf, startWithRedis } from './peer-queue.ts';

/** Starts a worker with this concurrency for a model of the repository; jobs are added by one call each, or in bulk. */
export async function startBullmq(setup: Setup, model: string, verb: 'add' | 'addBulk', concurrency: number): Promise<PeerQueue> {
  const args = ['benchmarks/peers/bullmq/drive.ts', verb, String(concurrency)];
  return queueOf(await startWithRedis(process.execPath, args, modelFile(setup.repository, model)));
}
