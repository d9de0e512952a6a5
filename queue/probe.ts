/** Asks Redis whether it works, on a connection of its own: large messages of others cannot hold it up. */

import { StoreError } from '@inferq/core/store-error.ts';
import { Failover } from './failover.ts';
import { Link, type Place } from './link.ts';
import { deniedCommands } from './permissions.ts';
import type { StoreProbe } from './queue.ts';
import { commandOptions } from './redis-options.ts';
import { StoreCalls } from './store-calls.ts';
import { TroubleLog } from './trouble-log.ts';

/** Connects by itself, now and whenever the connection is lost. */
export function openProbe(place: Place): StoreProbe {
  const link = new Link(place, { redis: commandOptions('fail'), proven: true });
  const { redis } = link;
  // What the probe finds is its owner's to tell.
  const calls = new StoreCalls(link, new Failover(redis), new TroubleLog(() => {}));
  const tried = redis.connect().catch(() => undefined);
  return {
    ask: () =>
      calls.run('probe', async () => {
        // The first question may come before the first connection.
        await tried;
        const denied = await deniedCommands(redis);
        if (denied.length > 0) throw new StoreError('refusing', 'NOPERM', `NOPERM for ${denied.join(', ')}`);
      }),
    close: async () => link.close(),
  };
}
