/** `npm run chaos`. */

import { randomInt } from 'node:crypto';
import { exitCodes } from '@inferq/cli/failure.ts';
import { Command, Option } from 'commander';
import { print, runCommand, stopSignal, wholeNumber } from '../command-line.ts';
import { runChaos } from './chaos.ts';
import { type ChaosFlags, settingsOf } from './settings.ts';

async function run(flags: ChaosFlags): Promise<void> {
  const settings = settingsOf(flags, randomInt(2 ** 31));
  print(`seed ${settings.seed}`);
  const stop = stopSignal();
  const kept = await runChaos(settings, print, stop);
  if (stop.aborted) {
    print('stopped; nothing is left running');
    process.exitCode = exitCodes.interrupted;
    return;
  }
  print(kept ? `\nevery promise was kept (seed ${settings.seed})` : `\nFAILED with seed ${settings.seed}`);
  if (!kept) process.exitCode = exitCodes.failed;
}

const program = new Command('chaos')
  .description('Runs a whole inferq in processes of its own, breaks it in every way there is, and holds it to its promises.')
  .addOption(new Option('--seed <number>', 'decides tasks and faults (default: a new one)').argParser(wholeNumber('--seed', 0)))
  .addOption(new Option('--tasks <number>', 'how many to submit (default: 20000)').argParser(wholeNumber('--tasks', 1)))
  .addOption(new Option('--minutes <number>', 'take no longer than about so long').argParser(wholeNumber('--minutes', 1)))
  .addOption(new Option('--fsync <policy>', "Redis' appendfsync").choices(['everysec', 'always']).default('everysec'))
  .option('--quick', 'one to two minutes, with 2000 tasks')
  .action(run);

await runCommand(program);
