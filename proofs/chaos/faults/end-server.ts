/** A server ends, by itself or as an operator ends it: its clients go on with another one, and it is started again. */

import { type Fault, servingVictim, untilSound } from './fault.ts';

function endServer(name: string, weight: number, signal: 'SIGKILL' | 'SIGTERM'): Fault {
  return {
    name,
    weight,
    strike(fleet, chance) {
      const found = servingVictim(fleet, chance);
      if (!found) return undefined;
      const { server, clients } = found;
      const since = Date.now();
      const { starts } = server;
      server.signal(signal);
      return { target: server.name, hurt: { kind: 'clients', clients }, since, healed: untilSound(server, server.startedAgain(starts)) };
    },
  };
}

export const killServer = endServer('kill server', 3, 'SIGKILL');
export const restartServer = endServer('restart server', 2, 'SIGTERM');
