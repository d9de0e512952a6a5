/** Renews the leases of everything the executor holds, every third of a lease, in one call. */

import { limits } from '@inferq/core/limits.ts';
import type { ExecutionQueue } from '@inferq/queue/queue.ts';
import type { Clock } from './clock.ts';
import { isolate } from './isolate.ts';
import { type Held, type Ledger, refOf } from './ledger.ts';

export interface LeaseKeeperParts {
  executor: string;
  leaseMs: number;
  queue: ExecutionQueue;
  ledger: Ledger;
  clock: Clock;
  onCancel: (held: Held) => void;
  onLost: (held: Held) => void;
}

/** Starts renewing; the returned function stops it. */
export function keepLeases({ executor, leaseMs, queue, ledger, clock, onCancel, onLost }: LeaseKeeperParts): () => void {
  let stopped = false;
  let takeBack = () => {};

  async function renew(): Promise<void> {
    const ours = ledger.ours();
    for (let start = 0; start < ours.length; start += limits.itemsPerCall) {
      const part = ours.slice(start, start + limits.itemsPerCall);
      const outcomes = await isolate(part, (some) => queue.extend(executor, some.map(refOf)));
      for (const [index, held] of part.entries()) {
        if (outcomes[index] === 'cancel') onCancel(held);
        if (outcomes[index] === 'lost') onLost(held);
      }
    }
  }

  function again(): void {
    takeBack = clock.after(leaseMs / 3, () => {
      // A failed call is in the log already; what it did not renew is renewed next time or taken over by others.
      void renew()
        .catch(() => undefined)
        .finally(() => {
          if (!stopped) again();
        });
    });
  }
  again();
  return () => {
    stopped = true;
    takeBack();
  };
}
