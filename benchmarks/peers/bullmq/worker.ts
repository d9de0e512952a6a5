/** BullMQ's worker, which runs an ONNX model: `worker.ts CONCURRENCY`, with REDIS_URL and MODEL_FILE in the environment. */

import { type Job, Worker } from 'bullmq';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { connection, type JobData, queueName } from './queue.ts';

const session = await InferenceSession.create(process.env.MODEL_FILE ?? '', { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input = ''] = session.inputNames;
const [output = ''] = session.outputNames;

async function infer({ data }: Job<JobData, number[]>): Promise<number[]> {
  const results = await session.run({ [input]: new Tensor('float32', data.values, [1, data.values.length]) });
  return Array.from(results[output]?.data as Float32Array);
}

new Worker<JobData, number[]>(queueName, infer, { connection: connection(), concurrency: Number(process.argv[2]) });
