/** Ours at its fastest: tasks handed over on one stream, and followed to their ends. */

import type { InferqClient, SubmitManyItem } from '@inferq/client/index.ts';
import { checkSame, clientRequest } from '../inputs.ts';
import { type Sample, sampleAt } from '../samples.ts';

export interface FollowedLoad {
  client: InferqClient;
  model: string;
  /** The model's first input and output. */
  input: string;
  output: string;
  samples: readonly Sample[];
}

/** Submits so many tasks and sees each to its end: seconds. Throws where one is refused, fails or has a wrong answer. */
export async function followTasks({ client, model, input, output, samples }: FollowedLoad, tasks: number): Promise<number> {
  const requests = samples.map((sample) => clientRequest(model, input, sample.input));
  const began = performance.now();
  let ended = 0;
  for await (const one of client.submitMany(items(requests, tasks))) {
    if (one.kind === 'refused') throw one.error;
    if (one.kind !== 'event' || one.event.kind !== 'state') continue;
    const { task } = one.event;
    if (task.state === 'RUNNING') continue;
    if (task.state !== 'SUCCEEDED') throw new Error(`a task ended ${task.state}: ${task.error?.message}`);
    checkSame(task.outputs[output]?.data as Float32Array, sampleAt(samples, Number(one.correlationId)).expected);
    ended++;
  }
  const seconds = (performance.now() - began) / 1_000;
  if (ended !== tasks) throw new Error(`${ended} of ${tasks} tasks ended`);
  return seconds;
}

function* items(requests: readonly SubmitManyItem['submit'][], tasks: number): Generator<SubmitManyItem> {
  for (let index = 0; index < tasks; index++) {
    yield { submit: requests[index % requests.length] as SubmitManyItem['submit'], follow: 'end' };
  }
}
