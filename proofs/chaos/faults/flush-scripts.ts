/** Redis forgets every script. */

import type { Fault } from './fault.ts';

export const flushScripts: Fault = {
  name: 'flush scripts',
  weight: 3,
  async strike(fleet) {
    await fleet.admin.script('FLUSH', 'SYNC');
    return { target: 'Redis', hurt: { kind: 'all' }, since: Date.now() };
  },
};
