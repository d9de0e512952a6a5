/**
 * Cancels a task while it runs, and shows how its watch ends.
 *
 *     node examples/cancel.ts
 */

import { InferqClient, tensor } from '@inferq/client/index.ts';

const client = new InferqClient();
const { taskId } = await client.submit({
  model: 'charlm',
  inputs: { prompt: tensor.strings([1], ['Once upon']) },
  parameters: { max_tokens: 4096 },
});

let chunks = 0;
for await (const event of client.watch(taskId)) {
  if (event.kind === 'chunk' && ++chunks === 3) {
    // Only asks for it: the model stops at its next step, and the watch tells when it has.
    const task = await client.cancel(taskId);
    console.log(`after 3 chunks: cancel requested: ${task.cancelRequested}`);
  }
  if (event.kind === 'state') console.log(event.task.state);
}
client.close();
