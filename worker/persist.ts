/** Calls to the queue that must not be given up because Redis is away or refuses for a while. */

import { setTimeout as sleep } from 'node:timers/promises';
import { mayPass } from '@inferq/core/store-error.ts';

const retryMs = 200;

/** What `call` answers, sooner or later. Throws faults of the queue, and once `abandon` has fired whatever the last try threw. */
export async function persist<T>(call: () => Promise<T>, abandon: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!mayPass(error) || abandon.aborted) throw error;
      await sleep(retryMs, undefined, { signal: abandon }).catch(() => undefined);
    }
  }
}
