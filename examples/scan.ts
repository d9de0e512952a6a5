/**
 * Calls the handler in examples/models/scan. Start a worker for it first:
 *
 *     npx inferq worker --redis redis://127.0.0.1:6379 --repository examples/models
 *     node examples/scan.ts
 */

import { readFileSync } from 'node:fs';
import { InferqClient, TaskFailedError, tensor, texts } from '@inferq/client/index.ts';

const ink = 16; // scans have pixels from 0 to 16
const file = new URL('../models/digits/sample.json', import.meta.url);
const image = JSON.parse(readFileSync(file, 'utf8')) as number[];
const scan = image.map((value) => Math.round(value * ink));
const blank = new Array<number>(64).fill(0);

const client = new InferqClient();
const { outputs } = await client.predict({
  model: 'scan',
  inputs: { pixels: tensor.uint8([2, 8, 8], [...scan, ...blank]) },
  parameters: { unsure: 'unreadable' },
});
console.log(outputs.digit ? texts(outputs.digit) : 'no digit');

try {
  const pixels = new Array<number>(64).fill(255);
  await client.predict({ model: 'scan', inputs: { pixels: tensor.uint8([1, 8, 8], pixels) } });
} catch (error) {
  if (!(error instanceof TaskFailedError)) throw error;
  console.log(`${error.reason}: ${error.task.error?.message}`);
}
client.close();
