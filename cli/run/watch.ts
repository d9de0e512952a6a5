/** Watches a task that was submitted before. */

import { NotFoundError } from '@inferq/client/errors.ts';
import type { InferqClient } from '@inferq/client/index.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import type { JsonFlag } from '../commands/json.ts';
import { type ServerFlags, withClient } from '../connect.ts';
import { watchTask } from './watching.ts';

/** Prints its events until it ends; resolves with the exit code. */
export async function watch(taskId: string, flags: ServerFlags & JsonFlag): Promise<number> {
  return watchTask(flags, taskId, await withClient(flags, (client) => modelOf(client, taskId)));
}

/** The task's model, for how to print what it puts out; undefined where nobody has announced it for long. */
async function modelOf(client: InferqClient, taskId: string): Promise<Model | undefined> {
  const task = await client.getResult(taskId, { outputs: { omit: true } });
  return client.model(task.model, task.version).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
}
