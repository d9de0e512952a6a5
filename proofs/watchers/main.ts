/** `npm run watchers`. */

import { exitCodes, Failure, wrongUsage } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import { Command, Option } from 'commander';
import { runWatchers, type Settings } from './watchers.ts';

function count(name: string, most: number): (text: string) => number {
  return (text) => {
    const value = parseInteger(name, text);
    if (value < 1 || value > most) throw wrongUsage(`${name} takes a number from 1 to ${most}, not ${text}.`);
    return value;
  };
}

function option(name: string, explained: string, preset: number, most: number): Option {
  return new Option(`${name} <number>`, explained).default(preset).argParser(count(name, most));
}

async function run(settings: Settings): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const met = await runWatchers(settings, print, stop.signal);
    print(met ? 'every target was met' : 'FAILED: a target was missed');
    if (!met) process.exitCode = exitCodes.failed;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    print('stopped; nothing is left running');
    // The clients of the proof end with this process.
    process.exit(exitCodes.interrupted);
  }
}

const program = new Command('watchers')
  .description('Measures what watches cost a whole inferq in processes of its own: many of them, unread ones, and a slow one.')
  .addOption(option('--watches', 'how many are open at once on one server', 10_000, 100_000))
  .addOption(option('--unread', 'how many read nothing while their tasks stream', 1_000, 10_000))
  .addOption(option('--rounds', 'how often latencies are measured with those and without', 3, 100))
  .addOption(option('--slow-chunks', 'how many chunks the slow watcher reads, one a second', 20, 150))
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
}
