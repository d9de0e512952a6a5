/**
 * Submits the same order twice, as a program does that cannot know whether its first try arrived.
 *
 *     node examples/idempotent-submit.ts order-4711
 */

import { AlreadyExistsError, InferqClient, tensor } from '@inferq/client/index.ts';

// The key names the work and not the try: take it from the data, such as an order's number.
const idempotencyKey = process.argv[2] ?? 'order-4711';
const client = new InferqClient();

function submit(value: number) {
  const image = new Float32Array(64).fill(value);
  return client.submit({ model: 'digits', inputs: { image: tensor.fp32([1, 64], image) }, idempotencyKey });
}

const first = await submit(0.5);
const second = await submit(0.5);
console.log(`same task: ${first.taskId === second.taskId}, duplicate: ${second.duplicate}`);

try {
  await submit(0.25);
} catch (error) {
  if (!(error instanceof AlreadyExistsError)) throw error;
  console.log(`other content under the same key: ${error.reason}`);
}
client.close();
