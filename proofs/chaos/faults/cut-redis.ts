/** Connections to Redis break: those of one process, or of all. */

import type { Fault } from './fault.ts';

export const cutRedis: Fault = {
  name: 'cut from Redis',
  weight: 4,
  strike(fleet, chance) {
    const one = chance.pick(fleet.units.filter((unit) => unit.up && !unit.struck));
    if (!one) return undefined;
    const units = chance.hits(0.25) ? fleet.units : [one];
    const since = Date.now();
    for (const { proxy } of units) proxy.cut();
    return { target: units.length > 1 ? 'all' : one.name, hurt: { kind: 'all' }, since };
  },
};
