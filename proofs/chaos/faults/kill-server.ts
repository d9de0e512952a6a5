/** A server dies: its clients go on with another one. */

import { type Fault, servingVictim, untilSound } from './fault.ts';

export const killServer: Fault = {
  name: 'kill server',
  weight: 3,
  strike(fleet, chance) {
    const found = servingVictim(fleet, chance);
    if (!found) return undefined;
    const { server, clients } = found;
    const since = Date.now();
    const { starts } = server;
    server.signal('SIGKILL');
    return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, server.startedAgain(starts)) };
  },
};
