/** Which fault comes when: decks of all faults, shuffled by the seed, so that every kind comes up. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../chance.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { cutClients } from './cut-clients.ts';
import { cutRedis } from './cut-redis.ts';
import { dropGroup } from './drop-group.ts';
import { killServer, restartServer } from './end-server.ts';
import type { Fault, Strike } from './fault.ts';
import { flushScripts } from './flush-scripts.ts';
import { freezeExecutor } from './freeze-executor.ts';
import { freezeRedis } from './freeze-redis.ts';
import { freezeServer } from './freeze-server.ts';
import { freezeSupervisor } from './freeze-supervisor.ts';
import { freezeWorker } from './freeze-worker.ts';
import { killExecutor } from './kill-executor.ts';
import { killSupervisor } from './kill-supervisor.ts';
import { killRedis, stopRedis } from './restart-redis.ts';
import { restartWorker } from './restart-worker.ts';
import { silenceRedis } from './silence-redis.ts';

export const faults: readonly Fault[] = [
  killExecutor,
  freezeExecutor,
  killSupervisor,
  freezeSupervisor,
  freezeWorker,
  restartWorker,
  killServer,
  freezeServer,
  restartServer,
  cutClients,
  cutRedis,
  silenceRedis,
  freezeRedis,
  stopRedis,
  killRedis,
  flushScripts,
  dropGroup,
];

export interface Struck extends Strike {
  name: string;
  at: number;
}

/** Faults in the order they are tried: every kind once, then decks in which each comes by its weight. */
export function* deckAfterDeck(chance: Chance): Generator<Fault> {
  yield* chance.shuffled(faults);
  for (;;) yield* chance.shuffled(faults.flatMap((fault) => Array<Fault>(fault.weight).fill(fault)));
}

/** Strikes until `over`, then waits until everything has healed. `struck` fills as it goes. */
export async function strikeAll(fleet: Fleet, chance: Chance, everyMs: number, over: AbortSignal, struck: Struck[]): Promise<void> {
  const healing = new Set<Promise<unknown>>();
  // A fault that finds nobody to strike comes again as soon as it can.
  const late: Fault[] = [];
  const deck = deckAfterDeck(chance);
  while (!over.aborted) {
    const fault = late.shift() ?? (deck.next().value as Fault);
    const at = Date.now();
    const strike = await fault.strike(fleet, chance.branch());
    if (strike) {
      struck.push({ ...strike, name: fault.name, at });
      if (strike.healed) {
        const healed = strike.healed.finally(() => healing.delete(healed));
        healing.add(healed);
      }
    } else late.push(fault);
    const wait = everyMs * (0.3 + 1.4 * chance.next());
    await pause(strike ? wait : wait / 4, undefined, { signal: over }).catch(() => {});
  }
  await Promise.all(healing);
}
