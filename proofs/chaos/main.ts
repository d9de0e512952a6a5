/** `npm run chaos`. */

import { randomInt } from 'node:crypto';
import { exitCodes, Failure } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import { Command, Option } from 'commander';
import { runChaos } from './chaos.ts';
import { type ChaosFlags, settingsOf } from './settings.ts';

function atLeast(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = parseInteger(option, text);
    if (value < least) throw new Failure(`${option} takes a number from ${least} on, not ${text}.`, exitCodes.usage);
    return value;
  };
}

async function run(flags: ChaosFlags): Promise<void> {
  const settings = settingsOf(flags, randomInt(2 ** 31));
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  print(`seed ${settings.seed}`);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const kept = await runChaos(settings, print, stop.signal);
  if (stop.signal.aborted) {
    print('stopped; nothing is left running');
    process.exitCode = exitCodes.interrupted;
    return;
  }
  print(kept ? `\nevery promise was kept (seed ${settings.seed})` : `\nFAILED with seed ${settings.seed}`);
  if (!kept) process.exitCode = exitCodes.failed;
}

const program = new Command('chaos')
  .description('Runs a whole inferq in processes of its own, breaks it in every way there is, and holds it to its promises.')
  .addOption(new Option('--seed <number>', 'decides tasks and faults (default: a new one)').argParser(atLeast('--seed', 0)))
  .addOption(new Option('--tasks <number>', 'how many to submit (default: 20000)').argParser(atLeast('--tasks', 1)))
  .addOption(new Option('--minutes <number>', 'take no longer than about so long').argParser(atLeast('--minutes', 1)))
  .addOption(new Option('--fsync <policy>', "Redis' appendfsync").choices(['everysec', 'always']).default('everysec'))
  .option('--quick', 'one to two minutes, with 2000 tasks')
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
}
