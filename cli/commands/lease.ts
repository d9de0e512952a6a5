/** `--lease`, which server and worker take. */

import { defaults } from '@inferq/core/limits.ts';
import { type Command, Option } from 'commander';
import { parseDuration } from '../parse/duration.ts';
import { shownSpan } from '../print/span.ts';

/** Adds the option; gives the command back. */
export function addLease(command: Command): Command {
  return command.addOption(
    new Option('--lease <duration>', 'how long a vanished worker keeps its tasks; must be the same on all servers and workers')
      .default(defaults.leaseMs, shownSpan(defaults.leaseMs))
      .argParser((text) => parseDuration('--lease', text)),
  );
}
