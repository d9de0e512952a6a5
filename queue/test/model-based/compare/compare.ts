/** After every step: what Redis holds is what the oracle believes, no more and no less. */

import { violations } from '../../support/invariants.ts';
import { agree } from '../agree.ts';
import type { Model } from '../oracle/model.ts';
import type { System } from '../system.ts';
import { compareEvents } from './events.ts';
import { compareLedgers } from './ledgers.ts';
import { comparePlaces } from './places.ts';
import { compareTasks } from './tasks.ts';

export async function compare(model: Model, system: System): Promise<void> {
  await compareTasks(model, system);
  await comparePlaces(model, system);
  await compareLedgers(model, system);
  await compareEvents(model, system);
  agree(await violations(system.redis), [], 'violations');
}
