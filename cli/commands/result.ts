/** `inferq result`. */

import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import { parseDuration } from '../parse/duration.ts';
import { inputLines } from '../print/task.ts';
import { printTask, waitForEnd } from '../waiting.ts';
import { readableOutputs } from '../watching.ts';
import { addJson, type JsonFlag, printJson } from './json.ts';

/** Adds the command. */
export function addResult(program: Command): void {
  const command = program
    .command('result')
    .description('Print a task and its answer as they stand. Exit code 0 only where the task has succeeded.')
    .argument('<task>', "the task's id")
    .option('--wait [duration]', 'wait for the task to end, at most this long if given')
    .option('--input', 'print what the task was submitted with, as long as that is kept');
  addServerFlags(addJson(command)).addHelpText('after', '\nExample:\n  inferq result 01kahm3v5e00r8d2m4x6c1t9ab --wait 30s').action(run);
}

interface Flags extends ServerFlags, JsonFlag {
  wait?: string | true;
  input?: true;
}

async function run(taskId: string, flags: Flags): Promise<void> {
  if (flags.input) return printInput(taskId, flags);
  const longest = flags.wait === true ? Number.POSITIVE_INFINITY : 0;
  const waitMs = typeof flags.wait === 'string' ? parseDuration('--wait', flags.wait) : longest;
  const task = await withClient(flags, (client) => waitForEnd(client, taskId, waitMs));
  process.exitCode = printTask(task, flags.json);
}

async function printInput(taskId: string, flags: Flags): Promise<void> {
  if (flags.wait) throw wrongUsage('--input and --wait exclude each other: give one.');
  const input = await withClient(flags, (client) => client.getInput(taskId, readableOutputs));
  if (flags.json) printJson(input);
  else
    process.stdout.write(
      inputLines(input)
        .map((line) => `${line}\n`)
        .join(''),
    );
}
