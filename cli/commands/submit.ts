/** `inferq submit`. */

import { readFileSync } from 'node:fs';
import type { Tensor } from '@inferq/client/tensor/tensor.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { defaults, limits } from '@inferq/core/limits.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import { inputsFromJson, inputsFromText } from '../input/inputs.ts';
import { typedParameters } from '../input/parameters.ts';
import { parseDuration } from '../parse/duration.ts';
import { parsePairs } from '../parse/pair.ts';
import { type RequestFlags, requestOf } from '../submit-request.ts';
import { printTask, waitForEnd } from '../waiting.ts';
import { printerFor, terminal, watchTask } from '../watching.ts';
import { collect } from './collect.ts';
import { addJson, type JsonFlag, printJson } from './json.ts';

interface Flags extends ServerFlags, RequestFlags, JsonFlag {
  input?: string;
  text?: string;
  param?: string[];
  watch?: true;
  wait?: string | true;
}

/** Adds the command. */
export function addSubmit(program: Command): void {
  const { priority } = limits;
  const command = program
    .command('submit')
    .description('Submit a task; print its id, or with --watch or --wait its answer.')
    .argument('<model>', 'the model, such as digits')
    .option('--input <file>', 'JSON: nested lists for a model with one input, or an object by input name; - reads standard input')
    .option('--text <text>', 'the input of a model that takes one text')
    .option('--param <name=value>', 'a parameter of the model; may be given several times', collect)
    .option('--watch', 'print every event until the task ends')
    .option('--wait [duration]', 'wait for the task to end, at most this long if given, and print the result')
    .option('--version <version>', "the model's version (default: the highest that is live)")
    .option('--queue <name>', "the queue (default: the model's)")
    .option('--priority <number>', `${priority.min} to ${priority.max}, ${priority.max} is first (default: ${defaults.priority})`)
    .option('--delay <duration>', 'start no sooner than this long from now, such as 5s')
    .option('--start-within <duration>', 'do not start the task after this long')
    .option('--soft-time-limit <duration>', 'ask the run to stop after this long')
    .option('--hard-time-limit <duration>', "end the run after this long (default: the model's)")
    .option('--max-attempts <number>', "how often it may start (default: the model's)")
    .option('--result-ttl <duration>', "how long its result is kept (default: the model's)")
    .option('--ignore-result', 'keep no result')
    .option('--keep-input', 'keep the input as long as the task, for inferq result --input')
    .option('--metadata <name=value>', 'goes with the task unread; may be given several times', collect)
    .option('--idempotency-key <key>', 'a second submit with the same key is the same task');
  addServerFlags(addJson(command))
    .addHelpText('after', '\nExamples:\n  inferq submit digits --input models/digits/sample.json --watch')
    .addHelpText('after', '  inferq submit charlm --text "Once upon" --param max_tokens=200 --watch')
    .action(run);
}

async function run(name: string, flags: Flags): Promise<void> {
  if (flags.watch && flags.wait) throw wrongUsage('--watch and --wait exclude each other: give one.');
  if (flags.input !== undefined && flags.text !== undefined) throw wrongUsage('--input and --text exclude each other: give one.');
  const waitMs = typeof flags.wait === 'string' ? parseDuration('--wait', flags.wait) : Number.POSITIVE_INFINITY;
  const request = requestOf(name, flags);
  const given = parsePairs('--param', flags.param ?? []);
  const inputText = flags.input === undefined ? undefined : readInput(flags.input);

  const { model, taskId } = await withClient(flags, async (client) => {
    const model = await client.model(name, flags.version);
    const inputs = inputsOf(model, flags, inputText);
    const parameters = typedParameters(name, model.parameters, given);
    const submitted = await client.submit({ ...request, inputs, parameters });
    print(submitted, flags);
    if (flags.wait) process.exitCode = printTask(await waitForEnd(client, submitted.taskId, waitMs), flags.json);
    return { model, taskId: submitted.taskId };
  });
  if (!flags.watch) return;
  const printer = printerFor(model, flags.json, terminal);
  const again = `inferq watch ${taskId} --server ${flags.server}`;
  process.exitCode = await withClient(flags, (client) => watchTask(client, taskId, printer, again), true);
}

/** The id, alone on standard output unless an answer follows. */
function print(submitted: { taskId: string; duplicate: boolean }, flags: Flags): void {
  const answered = flags.watch || flags.wait;
  if (flags.json && !answered) printJson(submitted);
  else if (!answered) process.stdout.write(`${submitted.taskId}\n`);
  else if (!flags.json) process.stderr.write(`task ${submitted.taskId}${submitted.duplicate ? ', submitted before' : ''}\n`);
}

function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw wrongUsage(`--input ${file} cannot be read: ${(error as Error).message}.`);
  }
}

function inputsOf(model: Model, flags: Flags, text: string | undefined): Dictionary<Tensor> {
  if (text !== undefined)
    return inputsFromJson(model.name, model.inputs, flags.input === '-' ? 'Standard input' : (flags.input ?? ''), text);
  if (flags.text !== undefined) return inputsFromText(model.name, model.inputs, flags.text);
  const needed = model.inputs.filter(({ optional }) => !optional);
  if (needed.length === 0) return dictionary();
  const list = needed.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ');
  throw wrongUsage(`Model ${model.name} needs ${list}: give --input FILE, or --text TEXT for one text.`);
}
