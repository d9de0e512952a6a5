/** A server is stopped as an operator does, and started again. */

import { type Fault, servingVictim, untilSound } from './fault.ts';

export const restartServer: Fault = {
  name: 'restart server',
  weight: 2,
  strike(fleet, chance) {
    const found = servingVictim(fleet, chance);
    if (!found) return undefined;
    const { server, clients } = found;
    const since = Date.now();
    const { starts } = server;
    server.signal('SIGTERM');
    return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, server.startedAgain(starts)) };
  },
};
