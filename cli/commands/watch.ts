/** `inferq watch`. */

import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../connect.ts';
import { addJson, type JsonFlag } from './json.ts';

/** Adds the command. */
export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('Print every event of a task until it ends, and its result.')
    .argument('<task>', "the task's id");
  addServerFlags(addJson(command)).addHelpText('after', '\nExample:\n  inferq watch 01kahm3v5e00r8d2m4x6c1t9ab').action(run);
}

async function run(taskId: string, flags: ServerFlags & JsonFlag): Promise<void> {
  const { watch } = await import('../run/watch.ts');
  process.exitCode = await watch(taskId, flags);
}
