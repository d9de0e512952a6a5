/** A server sleeps for longer than a lease: its clients hear nothing, and miss nothing when it wakes. */

import { setTimeout as pause } from 'node:timers/promises';
import { overLeaseMs } from '../settings.ts';
import { type Fault, servingVictim, untilSound } from './fault.ts';

export const freezeServer: Fault = {
  name: 'freeze server',
  weight: 2,
  strike(fleet, chance) {
    const found = servingVictim(fleet, chance);
    if (!found) return undefined;
    const { server, clients } = found;
    server.signal('SIGSTOP');
    const thawed = pause(overLeaseMs).then(() => server.signal('SIGCONT'));
    const since = Date.now() + overLeaseMs;
    return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, thawed) };
  },
};
