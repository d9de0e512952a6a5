/** `inferq dead list` and `inferq dead redrive`. */

import type { DeadLetterFilter, RedriveSelection } from '@inferq/client/verbs/admin.ts';
import type { Task } from '@inferq/client/wire/task.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { taskErrorCodes } from '@inferq/core/task.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { wrongUsage } from '../failure.ts';
import { parseInteger } from '../parse/number.ts';
import { parseTime } from '../parse/time.ts';
import { collect } from './collect.ts';
import { addJson, type JsonFlag, printJson } from './json.ts';
import { type ListView, printList } from './list.ts';

interface FilterFlags {
  model?: string;
  queue?: string;
  code?: string[];
  after?: string;
  before?: string;
}

interface RedriveFlags extends FilterFlags, ServerFlags, JsonFlag {
  all?: true;
  dryRun?: true;
  limit?: string;
}

const view: ListView<Task> = {
  columns: [
    { title: 'TASK' },
    { title: 'MODEL' },
    { title: 'QUEUE' },
    { title: 'ENDED' },
    { title: 'ATTEMPTS', align: 'right' },
    { title: 'ERROR' },
  ],
  rows: (task) => [
    [
      task.id,
      `${task.model}:${task.version}`,
      task.queue,
      task.endTime?.toISOString() ?? '-',
      `${task.chargedAttempts}/${task.maxAttempts}`,
      task.error ? `${task.error.code}: ${task.error.message}` : '-',
    ],
  ],
  ifNone: 'There are no dead letters.',
};

/** Adds both commands. */
export function addDead(program: Command): void {
  const dead = program
    .command('dead')
    .description('Failed tasks, which are kept with their inputs.')
    .addHelpText('after', '\nExample:\n  inferq dead list --model digits');
  addServerFlags(addJson(addFilter(dead.command('list').description('List failed tasks.'))))
    .addHelpText('after', '\nExample:\n  inferq dead list --model digits --code MODEL_ERROR --after 2h')
    .action((flags: FilterFlags & ServerFlags & JsonFlag) => {
      const filter = filterOf(flags);
      return withClient(flags, (client) => printList(client.admin.deadLetters(filter), flags.json, view));
    });
  const redrive = dead
    .command('redrive')
    .description('Make new tasks of failed ones, once each.')
    .argument('[task...]', 'the failed tasks; or give --all, or what to select them by')
    .option('--all', 'all of them')
    .option('--dry-run', 'only count them')
    .option('--limit <number>', 'redrive at most this many');
  addServerFlags(addJson(addFilter(redrive)))
    .addHelpText('after', '\nExamples:\n  inferq dead redrive 01kahm3v5e00r8d2m4x6c1t9ab\n  inferq dead redrive --model digits --dry-run')
    .action(runRedrive);
}

function addFilter(command: Command): Command {
  return command
    .option('--model <name>', 'only of this model')
    .option('--queue <name>', 'only of this queue')
    .option('--code <code>', `only with this error (may be given several times): ${taskErrorCodes.join(', ')}`, collect)
    .option('--after <time>', 'only those that ended after it: 2026-01-31T12:00:00Z, or 2h for two hours ago')
    .option('--before <time>', 'only those that ended before it');
}

function filterOf(flags: FilterFlags): DeadLetterFilter {
  const unknown = flags.code?.find((code) => !(taskErrorCodes as readonly string[]).includes(code));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, taskErrorCodes);
    throw wrongUsage(`There is no error code "${unknown}".${hint} There are: ${taskErrorCodes.join(', ')}.`);
  }
  const now = Date.now();
  return {
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.queue === undefined ? {} : { queue: flags.queue }),
    ...(flags.code === undefined ? {} : { codes: flags.code }),
    ...(flags.after === undefined ? {} : { after: parseTime('--after', flags.after, now) }),
    ...(flags.before === undefined ? {} : { before: parseTime('--before', flags.before, now) }),
  };
}

/** Exactly one way to select: nobody redrives everything by leaving something out. */
function selectionOf(ids: string[], flags: RedriveFlags): RedriveSelection {
  const filter = filterOf(flags);
  const ways = [ids.length > 0, flags.all === true, Object.keys(filter).length > 0].filter(Boolean).length;
  if (ways !== 1)
    throw wrongUsage('Say which to redrive in one way: by task ids, by --all, or by --model, --queue, --code, --after, --before.');
  if (ids.length > 0) return { ids };
  return flags.all ? { all: true } : { filter };
}

async function runRedrive(ids: string[], flags: RedriveFlags): Promise<void> {
  const selection = selectionOf(ids, flags);
  const limit = flags.limit === undefined ? {} : { limit: parseInteger('--limit', flags.limit) };
  const done = await withClient(flags, (client) => client.admin.redrive(selection, { dryRun: flags.dryRun ?? false, ...limit }));
  if (flags.json) return printJson(done);
  const lines = Object.entries(done.redriven).map(([from, to]) => `${from}  redriven as ${to}`);
  const counts = flags.dryRun ? `${done.matched} would be redriven` : `${lines.length} redriven, ${done.remaining} left`;
  process.stdout.write([...lines, counts, ''].join('\n'));
}
