/** `--log-level`, which three commands take. */

import { type Command, Option } from 'commander';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof levels)[number];

/** Adds the option; gives the command back. */
export function addLogLevel(command: Command): Command {
  return command.addOption(new Option('--log-level <level>', 'how much to log').choices(levels).default('info'));
}
