/** A server is stopped as an operator does, and started again. */

import { clientsOf, type Fault, untilSound, victim } from './fault.ts';

export const restartServer: Fault = {
  name: 'restart server',
  weight: 2,
  strike(fleet, chance) {
    const server = victim(fleet.servers, chance);
    if (!server) return undefined;
    const clients = clientsOf(fleet, fleet.portOf(server));
    const since = Date.now();
    const { starts } = server;
    server.signal('SIGTERM');
    return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, server.startedAgain(starts)) };
  },
};
