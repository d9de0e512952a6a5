/** `inferq models` and `inferq models check`. */

import type { Model } from '@inferq/client/wire/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import { shownSpec } from '@inferq/core/tensor/shape.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { exitCodes } from '../failure.ts';
import { installed } from '../installed.ts';
import { addJson, type JsonFlag } from './json.ts';
import { type ListView, printList } from './list.ts';

const view: ListView<Model> = {
  columns: [
    { title: 'MODEL' },
    { title: 'VERSION', align: 'right' },
    { title: 'KIND' },
    { title: 'QUEUE' },
    { title: 'INPUTS' },
    { title: 'OUTPUTS' },
    { title: 'PARAMETERS' },
    { title: 'EXECUTORS', align: 'right' },
    { title: 'DESCRIPTION' },
  ],
  rows: (model) => [
    [
      model.name,
      model.version || '-',
      model.kind || '-',
      model.queue || '-',
      tensors(model.inputs),
      tensors(model.outputs),
      model.parameters.map(parameter).join(', ') || '-',
      String(model.liveExecutors),
      model.description || '-',
    ],
  ],
  notes: (model) =>
    model.loadFailures.map(({ worker, reason }) => `${modelLabel(model)} could not be loaded on worker ${worker}: ${reason}`),
  ifNone: 'No worker has announced a model yet.',
};

function tensors(specs: Model['inputs']): string {
  return specs.map((spec) => `${spec.name} ${spec.datatype} ${shownSpec(spec)}`).join(', ') || '-';
}

/** `max_tokens=200 (1 to 4096)`: the default, and what else it takes. */
function parameter({ name, defaultValue, minValue, maxValue, allowedValues }: Model['parameters'][number]): string {
  const range = [minValue, maxValue].some((bound) => bound !== undefined) ? [`${minValue ?? ''} to ${maxValue ?? ''}`.trim()] : [];
  const choices = allowedValues.length > 0 ? [allowedValues.join('|')] : [];
  const takes = [...range, ...choices].join(', ');
  return `${name}=${defaultValue}${takes === '' ? '' : ` (${takes})`}`;
}

/** Adds the command and the one below it. */
export function addModels(program: Command): void {
  const models = program.command('models').description('List the models that workers have announced, and those that they could not load.');
  addServerFlags(addJson(models))
    .addHelpText('after', '\nExamples:\n  inferq models\n  inferq models check ./models')
    .action((flags: ServerFlags & JsonFlag) => withClient(flags, (client) => printList(client.admin.models(), flags.json, view)));
  models
    .command('check')
    .description('Load and warm up the models in a folder as a worker would, without serving them. Needs no server.')
    .argument('<dir>', 'the folder, with one folder for each model')
    .addHelpText('after', '\nExample:\n  inferq models check ./models')
    .action(check);
}

async function check(folder: string): Promise<void> {
  const { checkRepository } = await installed('worker', () => import('@inferq/worker/check-repository.ts'));
  process.exitCode = exitCodes.succeeded;
  // Beside the results, so that these stay what they are in a pipe.
  const onSlow = (label: string, seconds: number) =>
    void process.stderr.write(`...     ${oneLine(label)}  still loading after ${seconds} s\n`);
  for await (const { model, version, problem, summary } of checkRepository(folder, onSlow)) {
    const label = modelLabel({ name: model, version });
    process.stdout.write(`${oneLine(problem === undefined ? `ok      ${label}  ${summary}` : `broken  ${label}  ${problem}`)}\n`);
    if (problem !== undefined) process.exitCode = exitCodes.failed;
  }
}
