/** Redis falls silent for one process, on connections that stay open; in the end they speak again or break. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, untilSound, victim } from './fault.ts';

const shortestMs = 2_000;
/** Longer than a client of Redis waits for an answer. */
const longestMs = 12_000;

export const silenceRedis: Fault = {
  name: 'silent Redis',
  weight: 3,
  strike(fleet, chance) {
    const unit = victim(chance.hits(0.5) ? fleet.servers : fleet.workers, chance);
    if (!unit) return undefined;
    const ms = chance.whole(shortestMs, longestMs);
    const breaks = chance.hits(0.5);
    unit.proxy.silence();
    const over = pause(ms).then(() => {
      if (breaks) unit.proxy.cut();
      unit.proxy.speak();
    });
    return { target: `${unit.name}, ${ms} ms`, hurt: { kind: 'all' }, since: Date.now() + ms, healed: untilSound(unit, over) };
  },
};
