/** `inferq dead redrive`. */

import type { Redriven, RedriveSelection } from '@inferq/client/verbs/admin.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { exitCodes, wrongUsage } from '../failure.ts';
import { parseInteger } from '../parse/number.ts';
import { addFilter, type FilterFlags, filterOf } from './dead-filter.ts';
import { addJson, type JsonFlag, printJson } from './json.ts';

interface Flags extends FilterFlags, ServerFlags, JsonFlag {
  all?: true;
  dryRun?: true;
  limit?: string;
}

/** Adds the command below `dead`. */
export function addRedrive(dead: Command): void {
  const command = dead
    .command('redrive')
    .description('Make new tasks from failed ones, once each. The exit code is 1 if one of the given tasks cannot be redriven.')
    .argument('[task...]', 'ids of failed tasks; or give --all, or options that select them')
    .option('--all', 'all of them')
    .option('--dry-run', 'only count them')
    .option('--limit <number>', 'redrive at most this many');
  addServerFlags(addJson(addFilter(command)))
    .addHelpText('after', '\nExamples:\n  inferq dead redrive 01kahm3v5e00r8d2m4x6c1t9ab\n  inferq dead redrive --model digits --dry-run')
    .action(run);
}

/** Exactly one way to select: nobody redrives everything by leaving something out. */
function selectionOf(ids: string[], flags: Flags): RedriveSelection {
  const filter = filterOf(flags);
  const ways = [ids.length > 0, flags.all === true, Object.keys(filter).length > 0].filter(Boolean).length;
  if (ways !== 1)
    throw wrongUsage('Say which to redrive in one way: by task ids, by --all, or by --model, --queue, --code, --after, --before.');
  if (ids.length > 0) return { ids };
  return flags.all ? { all: true } : { filter };
}

async function run(ids: string[], flags: Flags): Promise<void> {
  const selection = selectionOf(ids, flags);
  const limit = flags.limit === undefined ? {} : { limit: parseInteger('--limit', flags.limit) };
  const dryRun = flags.dryRun ?? false;
  const done = await withClient(flags, (client) => client.admin.redrive(selection, { dryRun, ...limit }));
  if (flags.json) printJson(done);
  else {
    for (const { message } of done.skipped) process.stderr.write(`${oneLine(message)}.\n`);
    process.stdout.write(
      redriveLines(done, dryRun)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  process.exitCode = done.skipped.length > 0 ? exitCodes.failed : exitCodes.succeeded;
}

/** A line for each new task, then the counts where there is anything to count. */
function redriveLines(done: Redriven, dryRun: boolean): string[] {
  const { matched, failedAgain, redriven, redrivenBefore, remaining, skipped } = done;
  const before = new Set(redrivenBefore);
  const lines = Object.entries(redriven).map(
    ([from, to]) => `${from}  ${before.has(from) ? 'was redriven before, as' : 'redriven as'} ${to}`,
  );
  if (matched === 0) return lines.length + skipped.length > 0 ? lines : ['There are no dead letters to redrive.'];
  const again = failedAgain > 0 ? `, ${failedAgain} of them not for the first time` : '';
  const fresh = lines.length - before.size;
  return [...lines, dryRun ? `${matched} would be redriven${again}` : `${fresh} redriven, ${remaining} left`];
}
