/** A server dies: its clients go on with another one. */

import { clientsOf, type Fault, untilSound, victim } from './fault.ts';

export const killServer: Fault = {
  name: 'kill server',
  weight: 3,
  strike(fleet, chance) {
    const server = victim(fleet.servers, chance);
    if (!server) return undefined;
    const clients = clientsOf(fleet, fleet.portOf(server));
    const since = Date.now();
    const { starts } = server;
    server.signal('SIGKILL');
    return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, server.startedAgain(starts)) };
  },
};
