/**
 * Sends nested lists, as NumPy's `tolist()` and JSON have them, and gets nested lists back.
 *
 *     node examples/nested-lists.ts
 */

import { readFileSync } from 'node:fs';
import { fromNested, InferqClient, type Tensor, tensor } from '@inferq/client/index.ts';

/** A tensor with the shape of the lists. Lists that differ in length are refused. */
function toTensor(datatype: string, nested: unknown): Tensor {
  const { shape, values } = fromNested(nested);
  return tensor.of(datatype, shape, values);
}

/** The rows of a matrix of numbers. */
function toRows({ shape: [rows = 0, columns = 0], data }: Tensor): number[][] {
  const values = Array.from(data, Number);
  return Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

const file = new URL('../models/digits/samples.json', import.meta.url);
const { samples } = JSON.parse(readFileSync(file, 'utf8')) as { samples: { image: number[] }[] };
const images = samples.slice(0, 3).map(({ image }) => image); // 3 lists of 64 numbers

const client = new InferqClient();
const [declared] = (await client.model('digits')).inputs; // the model says which datatype it takes
const image = toTensor(declared?.datatype ?? 'FP32', images);
console.log(`sent ${image.datatype} [${image.shape}]`);

const { outputs } = await client.predict({ model: 'digits', inputs: { image } });
for (const scores of outputs.logits ? toRows(outputs.logits) : []) {
  console.log(`${scores.indexOf(Math.max(...scores))} of [${scores.map((score) => score.toFixed(1))}]`);
}
client.close();
