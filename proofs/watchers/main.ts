/** `npm run watchers`. */

import { Command, Option } from 'commander';
import { print, runCommand, runProof, wholeNumber } from '../command-line.ts';
import { runWatchers, type Settings } from './watchers.ts';

function option(name: string, explained: string, preset: number, most: number): Option {
  return new Option(`${name} <number>`, explained).default(preset).argParser(wholeNumber(name, 1, most));
}

function run(settings: Settings): Promise<void> {
  return runProof(
    (stop) => runWatchers(settings, print, stop),
    (met) => (met ? 'every target was met' : 'FAILED: a target was missed'),
  );
}

const program = new Command('watchers')
  .description('Measures what watches cost a whole inferq in processes of its own: many of them, unread ones, and a slow one.')
  .addOption(option('--watches', 'how many are open at once on one server', 10_000, 100_000))
  .addOption(option('--unread', 'how many read nothing while their tasks stream', 1_000, 10_000))
  .addOption(option('--rounds', 'how often latencies are measured with those and without', 3, 100))
  .addOption(option('--slow-chunks', 'how many chunks the slow watcher reads, one a second', 20, 150))
  .action(run);

await runCommand(program);
