/** `inferq workers`. */

import type { Worker } from '@inferq/client/wire/fleet.ts';
import { modelLabel } from '@inferq/core/names.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { shownSpan } from '../print/span.ts';
import { addJson, type JsonFlag } from './json.ts';
import { type ListView, printList } from './list.ts';

const view: ListView<Worker> = {
  columns: [
    { title: 'WORKER' },
    { title: 'HOST' },
    { title: 'PID', align: 'right' },
    { title: 'UP', align: 'right' },
    { title: 'QUEUES' },
    { title: 'EXECUTOR' },
    { title: 'DEVICE' },
    { title: 'MODELS' },
    { title: 'RUNNING', align: 'right' },
    { title: 'RESTARTS', align: 'right' },
  ],
  rows: (worker) => {
    const up = worker.startTime ? shownSpan(Date.now() - worker.startTime.getTime()) : '-';
    const queues = worker.queues.map(({ queue, weight }) => (weight === 0 ? queue : `${queue}:${weight}`)).join(',');
    const lead = [worker.name, worker.host, String(worker.pid), up, queues];
    if (worker.executors.length === 0) return [[...lead, '-', '-', '-', '0', '0']];
    return worker.executors.map((executor) => [
      ...lead,
      executor.name,
      executor.device,
      executor.models.map(({ name, version }) => `${name}:${version}`).join(','),
      String(executor.runningTaskIds.length),
      String(executor.restarts),
    ]);
  },
  notes: ({ name: worker, failedModels }) =>
    failedModels.map(({ reason, ...model }) => `${worker} could not load ${modelLabel(model)}: ${reason}`),
  ifNone: 'No worker is up.',
};

/** Adds the command. */
export function addWorkers(program: Command): void {
  const command = program.command('workers').description('List the workers that are up, with one line for each executor.');
  addServerFlags(addJson(command))
    .addHelpText('after', '\nExample:\n  inferq workers --json')
    .action((flags: ServerFlags & JsonFlag) => withClient(flags, (client) => printList(client.admin.workers(), flags.json, view)));
}
