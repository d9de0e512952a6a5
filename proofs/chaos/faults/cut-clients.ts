/** A client's connections break; the next ones go to other servers. */

import type { Fault } from './fault.ts';

export const cutClients: Fault = {
  name: 'cut client',
  weight: 3,
  strike(fleet, chance) {
    const index = chance.whole(0, fleet.balancers.length - 1);
    const since = Date.now();
    const count = fleet.balancers[index]?.cut() ?? 0;
    return count === 0 ? undefined : { target: `client ${index}`, hurt: { kind: 'clients', clients: [index] }, since };
  },
};
