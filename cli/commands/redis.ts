/** `--redis`, which server and worker take. */

import { type Command, Option } from 'commander';

const defaultRedis = 'redis://127.0.0.1:6379';

/** Adds the option; gives the command back. */
export function addRedis(command: Command): Command {
  const option = new Option('--redis <url>', 'redis://, rediss:// or unix:///path; REDIS_URL sets another default');
  // Not shown as it is: it may hold a password.
  return command.addOption(process.env.REDIS_URL ? option.default(process.env.REDIS_URL, 'REDIS_URL') : option.default(defaultRedis));
}
