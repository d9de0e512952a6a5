/** The command line: reads the arguments, runs a command, and turns what went wrong into a sentence and an exit code. */

import { plainText } from '@inferq/core/plain-text.ts';
import { Command, CommanderError } from 'commander';
import inferqPackage from '../package.json' with { type: 'json' };
import { commands } from './commands/index.ts';
import { exitCodes, Failure } from './failure.ts';
import { hideUrls } from './print/hide-urls.ts';
import { tellParent } from './up/parent-channel.ts';

/** The command that `args` name, ready to parse; all of them where they name none. */
export async function program(args: readonly string[] = []): Promise<Command> {
  const inferq = new Command('inferq')
    .description('gRPC streaming inference broker on Redis Streams')
    .version(inferqPackage.version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(plainText(hideUrls(text))) })
    // Options belong to the command they follow: submit has a --version of its own.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExit codes: 0 succeeded, 1 the task failed or the request was refused, 2 wrong usage, 3 the server cannot be reached.',
    )
    .addHelpText('after', '\nExample:\n  inferq up\n  inferq submit digits --input models/digits/sample.json --watch');
  const called = commands.filter(([name]) => name === args[0]);
  for (const [, load] of called.length > 0 ? called : commands) (await load())(inferq);
  return inferq;
}

/** Runs one command and ends the process with its exit code. */
export async function main(args: string[]): Promise<void> {
  // A closed terminal or pipe shall not keep `up`, a server or a worker from ending in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    await (await program(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = await told(error);
  }
  // What a command left open, such as a channel that reconnects, shall not keep the process; what it printed shall come out.
  process.stdout.write('', () => process.exit());
}

/** Says what went wrong, unless commander did, and gives the exit code. */
async function told(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
  if (error instanceof Failure) {
    process.stderr.write(`${plainText(error.message)}\n`);
    await tellParent({ kind: 'failed', message: error.message });
    return error.exitCode;
  }
  process.stderr.write(`inferq failed in a way it should not: ${plainText((error as Error)?.stack ?? String(error))}\n`);
  return exitCodes.failed;
}
