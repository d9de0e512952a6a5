/**
 * Submits a task and prints its text while the model writes it.
 *
 *     node examples/stream-text.ts "Once upon"
 */

import { InferqClient, tensor, texts } from '@inferq/client/index.ts';

const prompt = process.argv[2] ?? 'Once upon';
const client = new InferqClient(); // $INFERQ_SERVER, otherwise 127.0.0.1:50051

const { taskId } = await client.submit({
  model: 'charlm',
  inputs: { prompt: tensor.strings([1], [prompt]) },
  parameters: { max_tokens: 120, seed: 7 },
});
console.log(`task ${taskId}`);

for await (const event of client.watch(taskId)) {
  if (event.kind === 'chunk' && event.outputs.text) process.stdout.write(texts(event.outputs.text).join(''));
  if (event.kind === 'restarted') console.log('\n(a new attempt: discard the text so far)');
  if (event.kind === 'state') console.log(event.task.state === 'RUNNING' ? 'RUNNING' : `\n${event.task.state}`);
}
client.close();
