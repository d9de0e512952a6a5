/**
 * Submits many tasks on one stream and reads each result from the same stream.
 *
 *     node examples/many-tasks.ts
 */

import { readFileSync } from 'node:fs';
import { InferqClient, isTerminal, type SubmitManyItem, tensor } from '@inferq/client/index.ts';

interface Sample {
  label: number;
  image: number[];
}

const file = new URL('../models/digits/samples.json', import.meta.url);
const { samples } = JSON.parse(readFileSync(file, 'utf8')) as { samples: Sample[] };

/** The client takes an item whenever the broker is ready for one, so millions of rows need little memory. */
function* items(): Generator<SubmitManyItem> {
  for (const [row, { image }] of samples.entries()) {
    yield {
      correlationId: String(row), // comes back with everything that belongs to this item
      submit: { model: 'digits', inputs: { image: tensor.fp32([1, 64], image) } },
      follow: 'end', // only the event with the result
    };
  }
}

const client = new InferqClient();
let right = 0;
for await (const output of client.submitMany(items())) {
  const row = Number(output.correlationId);
  if (output.kind === 'refused') console.log(`row ${row}: refused: ${output.error.message}`);
  if (output.kind !== 'event') continue;

  // A task that has already ended is told by a snapshot, any other by a change of state.
  const { event } = output;
  if ((event.kind !== 'state' && event.kind !== 'snapshot') || !isTerminal(event.task.state)) continue;
  const best = event.task.classifications[0]?.[0];
  console.log(`row ${row}: ${best?.label ?? event.task.error?.message}`);
  if (best?.label === String(samples[row]?.label)) right++;
}
console.log(`${right} of ${samples.length} are right`);
client.close();
