/** `npm run recovery`. */

import { exitCodes, Failure, wrongUsage } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import { Command, Option } from 'commander';
import { runRecovery } from './recovery.ts';

const defaultRounds = 30;

function parseRounds(text: string): number {
  const rounds = parseInteger('--rounds', text);
  if (rounds < 1) throw wrongUsage(`--rounds takes a number from 1 on, not ${text}.`);
  return rounds;
}

async function run({ rounds }: { rounds: number }): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const met = await runRecovery(rounds, print, stop.signal);
    print(met ? 'every target was met' : 'FAILED: a target was missed');
    if (!met) process.exitCode = exitCodes.failed;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    print('stopped; nothing is left running');
    process.exitCode = exitCodes.interrupted;
  }
}

const program = new Command('recovery')
  .description('Measures how long a whole inferq, in processes of its own, takes to go on after each kind of fault.')
  .addOption(
    new Option('--rounds <number>', 'how often an executor is killed; slower faults are repeated less often')
      .default(defaultRounds)
      .argParser(parseRounds),
  )
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
}
