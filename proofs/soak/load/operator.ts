/** What operators ask for: every list, read to its end. */

import type { LoadParts } from './parts.ts';
import { someClient } from './succeeding.ts';
import { expectThat } from './tally.ts';

async function count(list: AsyncIterable<unknown>): Promise<number> {
  let items = 0;
  for await (const _ of list) items++;
  return items;
}

export async function operate(parts: LoadParts): Promise<void> {
  const { admin } = someClient(parts);
  const [queues, workers, models] = await Promise.all([count(admin.queues()), count(admin.workers()), count(admin.models())]);
  expectThat(queues > 0 && workers > 0 && models > 0, `an operator was told of ${queues} queues, ${workers} workers and ${models} models`);
  await count(admin.deadLetters({ model: 'outage' }));
  await admin.redrive({ filter: { model: 'outage' } }, { dryRun: true });
  await someClient(parts).model('digits');
}
