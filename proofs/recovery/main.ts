/** `npm run recovery`. */

import { Command, Option } from 'commander';
import { print, runCommand, runProof, wholeNumber } from '../command-line.ts';
import { runRecovery } from './recovery.ts';

const defaultRounds = 30;

function run({ rounds }: { rounds: number }): Promise<void> {
  return runProof(
    (stop) => runRecovery(rounds, print, stop),
    (met) => (met ? 'every target was met' : 'FAILED: a target was missed'),
  );
}

const program = new Command('recovery')
  .description('Measures how long a whole inferq, in processes of its own, takes to go on after each kind of fault.')
  .addOption(
    new Option('--rounds <number>', 'how often an executor is killed; slower faults are repeated less often')
      .default(defaultRounds)
      .argParser(wholeNumber('--rounds', 1)),
  )
  .action(run);

await runCommand(program);
