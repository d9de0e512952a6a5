/** `inferq cancel`. */

import type { Task } from '@inferq/client/wire/task.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { exitCodes } from '../failure.ts';
import { addJson, type JsonFlag, printJson } from './json.ts';

/** Adds the command. */
export function addCancel(program: Command): void {
  const command = program
    .command('cancel')
    .description('Cancel a task: immediately if it is waiting, otherwise when its run returns. The exit code is 1 if it had already ended.')
    .argument('<task>', "the task's id")
    .option('--force', 'do not wait for the run');
  addServerFlags(addJson(command)).addHelpText('after', '\nExample:\n  inferq cancel 01kahm3v5e00r8d2m4x6c1t9ab --force').action(run);
}

async function run(taskId: string, flags: ServerFlags & JsonFlag & { force?: true }): Promise<void> {
  const task = await withClient(flags, (client) => client.cancel(taskId, { force: flags.force ?? false }));
  if (flags.json) {
    printJson(task);
  } else {
    const [{ outColours }, { taskLine }] = await Promise.all([import('../print/colours.ts'), import('../print/task.ts')]);
    process.stdout.write(`${taskLine(task, outColours)}\n`);
  }
  process.exitCode = isOff(task) ? exitCodes.succeeded : exitCodes.failed;
}

/** Cancelled, or about to be. */
function isOff(task: Task): boolean {
  return task.state === 'CANCELLED' || (task.state === 'RUNNING' && task.cancelRequested);
}
