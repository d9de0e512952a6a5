/** An executor that runs nothing: claims and completes through the interface of the queue, so that only the queue is measured. */

import { connectQueue } from '@inferq/queue/connect.ts';
import type { ClaimedTask, ClaimRequest, ExecutionQueue, Settlement } from '@inferq/queue/queue.ts';

const facts = { ranMs: 1, partial: false } as const;

export interface QueueExecutor {
  /** Claims and completes so many tasks in full batches, each settlement carrying the next claim: seconds. Throws where one is refused. */
  complete(tasks: number): Promise<number>;
  close(): Promise<void>;
}

export interface QueueExecutorOptions {
  url: string;
  model: string;
  queue: string;
  batch: number;
  /** What each task answers. */
  output: Uint8Array;
}

/** Connects and registers an executor. */
export async function startQueueExecutor({ url, model, queue, batch, output }: QueueExecutorOptions): Promise<QueueExecutor> {
  const connection = await connectQueue({ url, whenDown: 'fail' });
  const [worker, executor, device, version] = ['bench', 'bench-1', 'cpu', '1'];
  await connection.registry.announceWorker({
    name: worker,
    instance: worker,
    host: 'bench',
    pid: process.pid,
    startedAt: Date.now(),
    queues: [{ queue, weight: 0 }],
    executors: [{ name: executor, device, models: [{ name: model, version }], restarts: 0, lastExit: '' }],
    failedModels: [],
  });
  const pool = { queue, model, version, maxTasks: batch, maxRows: batch };
  const request: ClaimRequest = { executor, worker, device, queues: [[pool]], maxBytes: 1e9, waitForBell: false, solo: false };
  const done = ({ id, token }: ClaimedTask): Settlement => ({
    ...facts,
    id,
    token,
    verb: 'complete',
    output,
    batchTasks: batch,
    batchRows: batch,
  });
  return {
    async complete(tasks) {
      const began = performance.now();
      let held = await first(connection.execution, request);
      for (let left = tasks; left > 0; left -= batch) {
        if (held.length !== batch) throw new Error(`a claim brought ${held.length} tasks, not ${batch}`);
        const { outcomes, next } = await connection.execution.settle(held.map(done), left > batch ? request : undefined);
        if (outcomes.some((outcome) => outcome !== 'accepted')) throw new Error('a completion was refused');
        held = next?.kind === 'claimed' ? next.tasks : [];
      }
      return (performance.now() - began) / 1_000;
    },
    close: () => connection.close(),
  };
}

async function first(queue: ExecutionQueue, request: ClaimRequest): Promise<ClaimedTask[]> {
  const outcome = await queue.claim(request);
  return outcome.kind === 'claimed' ? outcome.tasks : [];
}
