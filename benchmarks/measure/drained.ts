/** Waits for tasks that nobody follows. */

import type { InferqClient } from '@inferq/client/index.ts';
import { eventually } from '@inferq/test/support/stack.ts';

const limitMs = 120_000;

/** Tasks that succeeded so far, in all queues. Throws where one ended otherwise. */
export async function succeeded(client: InferqClient): Promise<number> {
  let count = 0;
  for await (const { endedByState } of client.admin.queues()) {
    const { succeeded: ended = 0, ...others } = endedByState;
    const [state] = Object.entries(others).find(([, tasks]) => tasks > 0) ?? [];
    if (state !== undefined) throw new Error(`a task ended ${state}`);
    count += ended;
  }
  return count;
}

/** Resolves once `tasks` more than `before` have succeeded. */
export async function drained(client: InferqClient, before: number, tasks: number): Promise<void> {
  await eventually(`${tasks} tasks succeed`, async () => (await succeeded(client)) - before >= tasks, limitMs);
  const surplus = (await succeeded(client)) - before - tasks;
  if (surplus !== 0) throw new Error(`${surplus} more tasks succeeded than were submitted`);
}
