/**
 * Drives a BullMQ worker: `drive.ts add|addBulk CONCURRENCY`. Says `{"ready": {}}`, then answers each line of JSON.
 *
 * `{"do": "throughput", "tasks", "samples"}` submits all, waits for all, checks each: `{"seconds"}`.
 * `{"do": "latency", "rate", "count", "samples"}` adds one at a time at fixed times: `{"ms"}` from the intended time, in order.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents } from 'bullmq';
import { checkSame } from '../../inputs.ts';
import { openLoop } from '../../measure/open-loop.ts';
import { type Sample, sampleAt } from '../../samples.ts';
import { connection, type JobData, queueName } from './queue.ts';

/** Where its stream is trimmed before it is read, completions are lost: four events for each job, and rounds of 100,000 jobs. */
const keptEvents = 1_000_000;
/** QueueEvents begins to read from the stream's end some time after it says that it is ready. */
const settleMs = 1_000;
/** Jobs that are added without waiting for Redis in between. */
const chunk = 1_000;

const [verb = '', concurrency = ''] = process.argv.slice(2);
const queue = new Queue<JobData, number[]>(queueName, {
  connection: connection(),
  streams: { events: { maxLen: keptEvents } },
  defaultJobOptions: { removeOnComplete: true },
});
const events = new QueueEvents(queueName, { connection: connection() });
let jobs = 0;
const open = new Map<string, (answer: number[] | Error) => void>();

events.on('completed', ({ jobId, returnvalue }: { jobId: string; returnvalue: number[] | string }) => end(jobId, returnvalue as number[]));
events.on('failed', ({ jobId, failedReason }) => end(jobId, new Error(`a job failed: ${failedReason}`)));

function end(jobId: string, answer: number[] | Error): void {
  open.get(jobId)?.(answer);
  open.delete(jobId);
}

/** A job to add, and its answer, checked. */
function prepare({ input, expected }: Sample) {
  const jobId = `job-${jobs++}`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  open.set(jobId, (answer) => {
    try {
      if (answer instanceof Error) throw answer;
      checkSame(answer, expected);
      resolve();
    } catch (error) {
      reject(error);
    }
  });
  // A wrong answer may come before all jobs are added, which is when answers are looked at.
  promise.catch(() => undefined);
  return { job: { name: 'infer', data: { values: input }, opts: { jobId } }, answer: promise };
}

async function throughput(tasks: number, samples: readonly Sample[]): Promise<number> {
  const began = performance.now();
  const answers: Promise<void>[] = [];
  for (let first = 0; first < tasks; first += chunk) {
    const some = Array.from({ length: Math.min(chunk, tasks - first) }, (_, index) => prepare(sampleAt(samples, first + index)));
    answers.push(...some.map(({ answer }) => answer));
    if (verb === 'addBulk') await queue.addBulk(some.map(({ job }) => job));
    else await Promise.all(some.map(({ job }) => queue.add(job.name, job.data, job.opts)));
  }
  await Promise.all(answers);
  return (performance.now() - began) / 1_000;
}

function latency(rate: number, count: number, samples: readonly Sample[]): Promise<number[]> {
  const send = async (index: number) => {
    const { job, answer } = prepare(sampleAt(samples, index));
    await queue.add(job.name, job.data, job.opts);
    await answer;
  };
  return openLoop({ rate, count, send });
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function answer(line: string): Promise<void> {
  const question = JSON.parse(line);
  try {
    if (question.do === 'throughput') say({ seconds: await throughput(question.tasks, question.samples) });
    else say({ ms: await latency(question.rate, question.count, question.samples) });
  } catch (error) {
    say({ error: String(error) });
  }
}

await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
const worker = spawn(process.execPath, [fileURLToPath(new URL('worker.ts', import.meta.url)), concurrency], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
worker.once('exit', () => process.exit(1));
await pause(settleMs);
say({ ready: {} });
for await (const line of createInterface({ input: process.stdin })) await answer(line);
