/** `--json`, which every command that prints has. */

import { printableJson } from '@inferq/core/plain-text.ts';
import type { Command } from 'commander';

export interface JsonFlag {
  json?: true;
}

/** Adds the option; gives the command back. */
export function addJson(command: Command): Command {
  return command.option('--json', 'print one JSON object per line, for scripts');
}

/** Prints one object on one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`);
}
