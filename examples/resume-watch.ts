/**
 * Leaves a watch, and continues it in another process without losing a chunk.
 *
 *     node examples/resume-watch.ts                      starts a task, prints a part of its text and how to continue
 *     node examples/resume-watch.ts TASK_ID SEQUENCE     prints the rest
 */

import { InferqClient, OutOfRangeError, tensor, texts } from '@inferq/client/index.ts';

const [taskId, sequence] = process.argv.slice(2);
const client = new InferqClient();

async function start(): Promise<void> {
  const task = await client.submit({
    model: 'charlm',
    inputs: { prompt: tensor.strings([1], ['Once upon']) },
    parameters: { max_tokens: 120, seed: 7 },
  });
  let chunks = 0;
  for await (const event of client.watch(task.taskId)) {
    if (event.kind !== 'chunk') continue;
    process.stdout.write(textOf(event.outputs.text));
    if (++chunks < 5) continue;
    // The task goes on without a watcher. These two values are all that the next process needs.
    console.log(`\nnode examples/resume-watch.ts ${task.taskId} ${event.sequence}`);
    break;
  }
}

async function resume(taskId: string, afterSequence: number): Promise<void> {
  try {
    for await (const event of client.watch(taskId, { afterSequence })) {
      if (event.kind === 'chunk') process.stdout.write(textOf(event.outputs.text));
      if (event.kind === 'restarted') console.log('\n(a new attempt: discard the text so far)');
    }
  } catch (error) {
    if (!(error instanceof OutOfRangeError)) throw error;
    const task = await client.getResult(taskId, { waitMs: 60_000 });
    console.log(`(these chunks are no longer kept; the whole text is:)\n${textOf(task.outputs.text)}`);
  }
}

function textOf(output: Parameters<typeof texts>[0] | undefined): string {
  return output ? texts(output).join('') : '';
}

if (taskId) await resume(taskId, Number(sequence));
else await start();
client.close();
