/** `inferq submit`. */

import { defaults, limits } from '@inferq/core/limits.ts';
import type { Command } from 'commander';
import { addServerFlags } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import type { SubmitFlags } from '../run/submit.ts';
import { collect } from './collect.ts';
import { addJson } from './json.ts';

/** Adds the command. */
export function addSubmit(program: Command): void {
  const { priority } = limits;
  const command = program
    .command('submit')
    .description('Submit a task. Prints its id, or with --watch or --wait its result.')
    .argument('<model>', 'the model, such as digits')
    .option('--input <file>', 'JSON: nested lists for a model with one input, or an object by input name; - reads standard input')
    .option('--text <text>', 'the input of a model that takes one text')
    .option('--param <name=value>', 'a parameter of the model; can be repeated', collect)
    .option('--watch', 'print every event until the task ends')
    .option('--wait [duration]', 'wait for the task to end, at most this long if given, and print the result')
    .option('--version <version>', "the model's version (default: the highest that is served)")
    .option('--queue <name>', "the queue (default: the model's)")
    .option('--priority <number>', `${priority.min} to ${priority.max}, ${priority.max} is served first (default: ${defaults.priority})`)
    .option('--delay <duration>', 'start the task no sooner than this from now, such as 5s')
    .option('--start-within <duration>', 'do not start the task later than this from now')
    .option('--soft-time-limit <duration>', 'ask the run to stop after this long')
    .option('--hard-time-limit <duration>', "end the run after this long (default: the model's)")
    .option('--max-attempts <number>', "how many attempts it may have (default: the model's)")
    .option('--result-ttl <duration>', "how long its result is kept (default: the model's)")
    .option('--ignore-result', 'store no outputs')
    .option('--keep-input', 'keep the input as long as the task, for inferq result --input')
    .option('--metadata <name=value>', 'stored and returned with the task, not interpreted; can be repeated', collect)
    .option('--idempotency-key <key>', 'submits with the same key are one task');
  addServerFlags(addJson(command))
    .addHelpText('after', '\nExamples:\n  inferq submit digits --input models/digits/sample.json --watch')
    .addHelpText('after', '  inferq submit charlm --text "Once upon" --param max_tokens=200 --watch')
    .action(run);
}

async function run(model: string, flags: SubmitFlags): Promise<void> {
  if (flags.watch && flags.wait) throw wrongUsage('--watch and --wait exclude each other: give one.');
  if (flags.input !== undefined && flags.text !== undefined) throw wrongUsage('--input and --text exclude each other: give one.');
  const { submit } = await import('../run/submit.ts');
  process.exitCode = await submit(model, flags);
}
