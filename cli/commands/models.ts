/** `inferq models` and `inferq models check`. */

import type { Model } from '@inferq/client/wire/model.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
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
  ],
  rows: (model) => [
    [
      model.name,
      model.version,
      model.kind,
      model.queue,
      tensors(model.inputs),
      tensors(model.outputs),
      model.parameters.map(({ name, defaultValue }) => `${name}=${defaultValue}`).join(' ') || '-',
      String(model.liveExecutors),
    ],
  ],
  ifNone: 'No worker has announced a model yet.',
};

function tensors(specs: Model['inputs']): string {
  return specs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ');
}

/** Adds the command and the one below it. */
export function addModels(program: Command): void {
  const models = program.command('models').description('List the models that workers have announced.');
  addServerFlags(addJson(models))
    .addHelpText('after', '\nExamples:\n  inferq models\n  inferq models check ./models')
    .action((flags: ServerFlags & JsonFlag) => withClient(flags, (client) => printList(client.admin.models(), flags.json, view)));
  models
    .command('check')
    .description('Check a folder of models as a worker would load it, without serving it. Needs no server.')
    .argument('<dir>', 'the folder, with one folder for each model')
    .addHelpText('after', '\nExample:\n  inferq models check ./models')
    .action(check);
}

async function check(folder: string): Promise<void> {
  const { checkRepository } = await installed('worker', () => import('@inferq/worker/check-repository.ts'));
  const { ok, lines } = await checkRepository(folder);
  for (const { model, version, problem, summary } of lines) {
    const label = version === '' ? model : `${model}:${version}`;
    process.stdout.write(`${oneLine(problem === undefined ? `ok      ${label}  ${summary}` : `broken  ${label}  ${problem}`)}\n`);
  }
  process.exitCode = ok ? exitCodes.succeeded : exitCodes.failed;
}
