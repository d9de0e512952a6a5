/** `inferq watch`. */

import type { InferqClient } from '@inferq/client/index.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { printerFor, terminal, watchTask } from '../watching.ts';
import { addJson, type JsonFlag } from './json.ts';

/** Adds the command. */
export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('Print every event of a task until it ends, and its answer.')
    .argument('<task>', "the task's id");
  addServerFlags(addJson(command)).addHelpText('after', '\nExample:\n  inferq watch 01kahm3v5e00r8d2m4x6c1t9ab').action(run);
}

async function run(taskId: string, flags: ServerFlags & JsonFlag): Promise<void> {
  const model = await withClient(flags, (client) => modelOf(client, taskId));
  const printer = printerFor(model, flags.json, terminal);
  const again = `inferq watch ${taskId} --server ${flags.server}`;
  process.exitCode = await withClient(flags, (client) => watchTask(client, taskId, printer, again), true);
}

/** The task's model, for how to print what it puts out; undefined where nobody has announced it for long. */
async function modelOf(client: InferqClient, taskId: string): Promise<Model | undefined> {
  const task = await client.getResult(taskId, { outputs: { omit: true } });
  const { NotFoundError } = await import('@inferq/client/errors.ts');
  return client.model(task.model, task.version).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
}
