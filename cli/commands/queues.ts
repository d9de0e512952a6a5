/** `inferq queues`. */

import type { Queue } from '@inferq/client/wire/fleet.ts';
import type { Command } from 'commander';
import { addServerFlags, type ServerFlags, withClient } from '../connect.ts';
import { shownBytes } from '../print/bytes.ts';
import { shownSpan } from '../print/span.ts';
import { addJson, type JsonFlag } from './json.ts';
import { type ListView, printList } from './list.ts';

const view: ListView<Queue> = {
  columns: [
    { title: 'QUEUE' },
    { title: 'WAITING', align: 'right' },
    { title: 'RUNNING', align: 'right' },
    { title: 'SCHEDULED', align: 'right' },
    { title: 'DEAD', align: 'right' },
    { title: 'OLDEST', align: 'right' },
    { title: 'SIZE', align: 'right' },
    { title: 'EXECUTORS', align: 'right' },
  ],
  rows: (queue) => [
    [
      queue.name,
      String(waiting(queue)),
      String(queue.running),
      String(queue.scheduled),
      String(queue.dead),
      queue.oldestAgeMs === undefined ? '-' : shownSpan(queue.oldestAgeMs),
      shownBytes(queue.bytes),
      String(queue.liveExecutors),
    ],
  ],
  ifNone: 'There are no queues.',
  // Protobuf's JSON leaves out zeros and writes counts as text; whoever watches a depth wants numbers, always.
  json: ({ toJSON: _protobuf, ...queue }) => ({ ...queue, waiting: waiting(queue) }),
};

function waiting(queue: Pick<Queue, 'waitingByPriority' | 'waitingReturned'>): number {
  return Object.values(queue.waitingByPriority).reduce((sum, count) => sum + count, queue.waitingReturned);
}

/** Adds the command. */
export function addQueues(program: Command): void {
  const command = program
    .command('queues')
    .description('List the queues: how many tasks wait, run, are scheduled or dead, and how many executors serve them.');
  addServerFlags(addJson(command))
    .addHelpText('after', "\nExamples:\n  inferq queues\n  inferq queues --json | jq -r 'select(.waiting > 100) | .name'")
    .action((flags: ServerFlags & JsonFlag) => withClient(flags, (client) => printList(client.admin.queues(), flags.json, view)));
}
