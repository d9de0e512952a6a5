/** A lane's consumer group is destroyed, and with it who was given what. */

import { group, key } from '@inferq/queue/keys.ts';
import type { Fault } from './fault.ts';

export const dropGroup: Fault = {
  name: 'drop group',
  weight: 3,
  async strike(fleet, chance) {
    const lanes = (await fleet.admin.smembers(key('lanes'))).sort();
    const lane = chance.pick(lanes);
    if (lane === undefined) return undefined;
    await fleet.admin.xgroup('DESTROY', key('lane', lane), group).catch(() => 0);
    return { target: lane, hurt: { kind: 'all' }, since: Date.now() };
  },
};
