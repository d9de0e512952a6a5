/** Submits a task, and waits for it where that is asked. */

import type { Tensor } from '@inferq/client/tensor/tensor.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { type JsonFlag, printJson } from '../commands/json.ts';
import { type ServerFlags, withClient } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import { inputsFromJson, inputsFromText } from '../input/inputs.ts';
import { typedParameters } from '../input/parameters.ts';
import { readInput } from '../input/read-input.ts';
import { parseDuration } from '../parse/duration.ts';
import { parsePairs } from '../parse/pair.ts';
import { waitAndPrint } from './result.ts';
import { type RequestFlags, requestOf } from './submit-request.ts';
import { watchTask } from './watching.ts';

export interface SubmitFlags extends ServerFlags, RequestFlags, JsonFlag {
  input?: string;
  text?: string;
  param?: string[];
  watch?: true;
  wait?: string | true;
}

/** Resolves with the exit code. Throws a Failure, before anything is sent, for flags that do not fit together or cannot be read. */
export async function submit(name: string, flags: SubmitFlags): Promise<number> {
  const waitMs = typeof flags.wait === 'string' ? parseDuration('--wait', flags.wait) : Number.POSITIVE_INFINITY;
  const request = requestOf(name, flags);
  const given = parsePairs('--param', flags.param ?? []);
  const input = flags.input === undefined ? undefined : readInput(flags.input);
  const { model, taskId } = await withClient(flags, async (client) => {
    const model = await client.model(name, flags.version);
    const inputs = inputsOf(model, flags.text, input);
    const parameters = typedParameters(name, model.parameters, given);
    const submitted = await client.submit({ ...request, inputs, parameters });
    print(submitted, flags);
    return { model, taskId: submitted.taskId };
  });
  if (flags.watch) return watchTask(flags, taskId, model);
  return flags.wait ? waitAndPrint(taskId, waitMs, flags) : 0;
}

/** The id, alone on standard output unless an answer follows. */
function print(submitted: { taskId: string; duplicate: boolean }, flags: SubmitFlags): void {
  const answered = flags.watch || flags.wait;
  if (flags.json && !answered) printJson(submitted);
  else if (!answered) process.stdout.write(`${submitted.taskId}\n`);
  else if (!flags.json) process.stderr.write(`task ${submitted.taskId}${submitted.duplicate ? ', submitted before' : ''}\n`);
}

function inputsOf(model: Model, text: string | undefined, input: { name: string; text: string } | undefined): Dictionary<Tensor> {
  if (input !== undefined) return inputsFromJson(model.name, model.inputs, input.name, input.text);
  if (text !== undefined) return inputsFromText(model.name, model.inputs, text);
  const needed = model.inputs.filter(({ optional }) => !optional);
  if (needed.length === 0) return dictionary();
  const list = needed.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ');
  throw wrongUsage(`Model ${model.name} needs ${list}: give --input FILE, or --text TEXT for one text.`);
}
