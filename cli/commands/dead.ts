/** `inferq dead`: its list, and the command below it. */

import type { Task } from '@inferq/client/wire/task.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { shownTime } from '../print/time.ts';
import { addFilter, type FilterFlags, filterOf } from './dead-filter.ts';
import { addRedrive } from './dead-redrive.ts';
import { addJson, type JsonFlag } from './json.ts';
import { type ListView, printList } from './list.ts';

const view: ListView<Task> = {
  columns: [
    { title: 'TASK', whole: true },
    { title: 'MODEL' },
    { title: 'QUEUE' },
    { title: 'ENDED', whole: true },
    { title: 'ATTEMPTS', align: 'right' },
    { title: 'AGAIN' },
    { title: 'ERROR' },
  ],
  rows: (task) => [
    [
      task.id,
      `${task.model}:${task.version}`,
      task.queue,
      shownTime(task.endTime),
      `${task.chargedAttempts}/${task.maxAttempts}`,
      task.redrivenFrom === '' ? '-' : 'again',
      task.error ? `${task.error.code}: ${task.error.message}` : '-',
    ],
  ],
  ifNone: 'There are no dead letters.',
};

/** Adds the group and its commands. */
export function addDead(program: Command): void {
  const dead = program
    .command('dead')
    .description('List or redrive failed tasks, which are kept with their inputs.')
    .addHelpText('after', '\nExample:\n  inferq dead list --model digits');
  addServerFlags(addJson(addFilter(dead.command('list').description('List failed tasks.'))))
    .addHelpText('after', '\nExample:\n  inferq dead list --model digits --code MODEL_ERROR --after 2h')
    .action((flags: FilterFlags & ServerFlags & JsonFlag) => {
      const filter = filterOf(flags);
      return withClient(flags, (client) => printList(client.admin.deadLetters(filter), flags.json, view));
    });
  addRedrive(dead);
}
