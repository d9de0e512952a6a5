/** What the command lines of all proofs share. */

import { exitCodes, Failure, wrongUsage } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import type { Command } from 'commander';

/** Reads a whole number of an option, within its bounds. Throws a Failure for anything else. */
export function wholeNumber(option: string, least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  const range = most === Number.POSITIVE_INFINITY ? `${least} on` : `${least} to ${most}`;
  return (text) => {
    const value = parseInteger(option, text);
    if (value < least || value > most) throw wrongUsage(`${option} takes a number from ${range}, not ${text}.`);
    return value;
  };
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Fires at SIGINT and SIGTERM. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  return stop.signal;
}

/** Runs a proof until it answers whether it held, and says so by its `verdict` and the exit code. */
export async function runProof(proof: (stop: AbortSignal) => Promise<boolean>, verdict: (held: boolean) => string): Promise<void> {
  const stop = stopSignal();
  try {
    const held = await proof(stop);
    print(verdict(held));
    if (!held) process.exitCode = exitCodes.failed;
  } catch (error) {
    if (!stop.aborted) throw error;
    print('stopped; nothing is left running');
    // Clients that a proof runs as processes end with this one.
    process.exit(exitCodes.interrupted);
  }
}

/** Runs the command that the arguments ask for. A person's mistake becomes one sentence. */
export async function runCommand(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
  }
}
