/** `inferq result`. */

import type { Command } from 'commander';
import { addServerFlags, type ServerFlags } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import { parseDuration } from '../parse/duration.ts';
import { addJson, type JsonFlag } from './json.ts';

interface Flags extends ServerFlags, JsonFlag {
  wait?: string | true;
  input?: true;
}

/** Adds the command. */
export function addResult(program: Command): void {
  const command = program
    .command('result')
    .description('Print a task and its result as they stand. The exit code is 0 only if the task has succeeded.')
    .argument('<task>', "the task's id")
    .option('--wait [duration]', 'wait for the task to end, at most this long if given')
    .option('--input', 'print what the task was submitted with, if that is still kept');
  addServerFlags(addJson(command)).addHelpText('after', '\nExample:\n  inferq result 01kahm3v5e00r8d2m4x6c1t9ab --wait 30s').action(run);
}

async function run(taskId: string, flags: Flags): Promise<void> {
  if (flags.input && flags.wait) throw wrongUsage('--input and --wait exclude each other: give one.');
  const waitMs = typeof flags.wait === 'string' ? parseDuration('--wait', flags.wait) : Number.POSITIVE_INFINITY;
  const { printInput, printStanding, waitAndPrint } = await import('../run/result.ts');
  if (flags.input) await printInput(taskId, flags);
  else process.exitCode = await (flags.wait ? waitAndPrint(taskId, waitMs, flags) : printStanding(taskId, flags));
}
