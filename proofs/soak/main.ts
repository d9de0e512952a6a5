/** `npm run soak`. */

import { randomInt } from 'node:crypto';
import { exitCodes, Failure, wrongUsage } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import './memory/collect.ts';
import { Command, Option } from 'commander';
import type { SoakSettings } from './settings.ts';
import { runSoak } from './soak.ts';

/** Of it three quarters are fitted: each stretch that a line is put through must be longer than the time between two collections. */
const leastMinutes = 5;

function atLeast(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = parseInteger(option, text);
    if (value < least) throw wrongUsage(`${option} takes a number from ${least} on, not ${text}.`);
    return value;
  };
}

async function run(settings: SoakSettings): Promise<void> {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  print(`${settings.minutes} minutes, ${settings.rate} tasks a second, seed ${settings.seed}`);
  try {
    const flat = await runSoak(settings, print, stop.signal);
    print(flat ? '\nevery answer was right, and nothing grew' : '\nFAILED');
    if (!flat) process.exitCode = exitCodes.failed;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    print('stopped; nothing is left running');
    process.exitCode = exitCodes.interrupted;
  }
}

const program = new Command('soak')
  .description('Runs a whole inferq, in processes of its own, under steady mixed load, and fails where memory or keys grow.')
  .addOption(
    new Option('--minutes <number>', 'how long the load lasts; the first quarter, at least a minute, is not judged')
      .default(10)
      .argParser(atLeast('--minutes', leastMinutes)),
  )
  .addOption(new Option('--rate <number>', 'tasks a second').default(200).argParser(atLeast('--rate', 1)))
  .addOption(
    new Option('--seed <number>', 'decides what is submitted').default(randomInt(2 ** 31), 'a new one').argParser(atLeast('--seed', 0)),
  )
  .option('--samples <file>', 'write every figure taken to this file, as CSV')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
}
