/** Redis sleeps, for a moment or for longer than a lease: nobody's work may be taken away for that. */

import { setTimeout as pause } from 'node:timers/promises';
import { overLeaseMs } from '../settings.ts';
import type { Fault } from './fault.ts';

const shortestMs = 300;

export const freezeRedis: Fault = {
  name: 'freeze Redis',
  weight: 2,
  async strike(fleet, chance) {
    const ms = chance.hits(0.5) ? overLeaseMs : chance.whole(shortestMs, overLeaseMs);
    fleet.redis.freeze();
    await pause(ms);
    fleet.redis.thaw();
    return { target: `${ms} ms`, hurt: { kind: 'all' }, since: Date.now() };
  },
};
