/** Tasks for the fuzzer to aim at: one for each thing that can have become of a task. */

import { type InferqClient, type SubmitRequest, tensor } from '@inferq/client/index.ts';

const farMs = 600_000;

function probe(parameters: Record<string, number | boolean> = {}): SubmitRequest {
  return { model: 'probe', inputs: { x: tensor.fp32([1, 2], [1, 2]) }, parameters };
}

/** Submits them and returns their ids: ended in each way, waiting for a worker that does not exist, and scheduled. */
export async function plant(client: InferqClient): Promise<string[]> {
  const requests: SubmitRequest[] = [
    probe(),
    probe({ chunks: 5 }),
    probe({ reject: true }),
    { ...probe({ throw_times: 2 }), maxAttempts: 1 },
    { ...probe(), ignoreResult: true },
    { ...probe(), metadata: { from: 'the fuzzer' } },
    { ...probe(), delayMs: farMs },
    { ...probe(), delayMs: farMs },
    { ...probe(), queue: 'batch' },
  ];
  const submitted = await Promise.all(requests.map((request) => client.submit(request)));
  const ids = submitted.map(({ taskId }) => taskId);
  await client.cancel(ids[6] ?? '');
  return ids;
}
