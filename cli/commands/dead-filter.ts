/** The options that select dead letters. */

import type { DeadLetterFilter } from '@inferq/client/verbs/admin.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { taskErrorCodes } from '@inferq/core/task.ts';
import type { Command } from 'commander';
import { wrongUsage } from '../failure.ts';
import { parseTime } from '../parse/time.ts';
import { collect } from './collect.ts';

export interface FilterFlags {
  model?: string;
  queue?: string;
  code?: string[];
  after?: string;
  before?: string;
}

/** Adds the options; gives the command back. */
export function addFilter(command: Command): Command {
  return command
    .option('--model <name>', 'only tasks of this model')
    .option('--queue <name>', 'only tasks of this queue')
    .option('--code <code>', `only tasks with this error (can be repeated): ${taskErrorCodes.join(', ')}`, collect)
    .option('--after <time>', 'only tasks that ended after this time: 2026-01-31T12:00:00Z, or 2h for two hours ago')
    .option('--before <time>', 'only tasks that ended before this time');
}

/** Throws a Failure for an error code that does not exist, and for what is not a time. */
export function filterOf(flags: FilterFlags): DeadLetterFilter {
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
