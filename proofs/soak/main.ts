/** `npm run soak`. */

import { randomInt } from 'node:crypto';
import './memory/collect.ts';
import { Command, Option } from 'commander';
import { print, runCommand, runProof, wholeNumber } from '../command-line.ts';
import type { SoakSettings } from './settings.ts';
import { runSoak } from './soak.ts';

/** Of it three quarters are fitted: each stretch that a line is put through must be longer than the time between two collections. */
const leastMinutes = 5;

function run(settings: SoakSettings): Promise<void> {
  print(`${settings.minutes} minutes, ${settings.rate} tasks a second, seed ${settings.seed}`);
  return runProof(
    (stop) => runSoak(settings, print, stop),
    (flat) => (flat ? '\nevery answer was right, and nothing grew' : '\nFAILED'),
  );
}

const program = new Command('soak')
  .description('Runs a whole inferq, in processes of its own, under steady mixed load, and fails where memory or keys grow.')
  .addOption(
    new Option('--minutes <number>', 'how long the load lasts; the first quarter, at least a minute, is not judged')
      .default(10)
      .argParser(wholeNumber('--minutes', leastMinutes)),
  )
  .addOption(new Option('--rate <number>', 'tasks a second').default(200).argParser(wholeNumber('--rate', 1)))
  .addOption(
    new Option('--seed <number>', 'decides what is submitted').default(randomInt(2 ** 31), 'a new one').argParser(wholeNumber('--seed', 0)),
  )
  .option('--samples <file>', 'write every figure taken to this file, as CSV')
  .action(run);

await runCommand(program);
