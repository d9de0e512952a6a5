/** A whole worker sleeps for longer than a lease, as a paused virtual machine does: what it brings on waking is stale. */

import { setTimeout as pause } from 'node:timers/promises';
import { signal } from '../fleet/children.ts';
import { overLeaseMs } from '../settings.ts';
import { type Fault, untilSound, victim } from './fault.ts';

export const freezeWorker: Fault = {
  name: 'freeze worker',
  weight: 2,
  strike(fleet, chance) {
    const worker = victim(fleet.workers, chance);
    if (!worker) return undefined;
    const pids = worker.children;
    const since = Date.now();
    worker.signal('SIGSTOP');
    for (const pid of pids) signal(pid, 'SIGSTOP');
    const thawed = pause(overLeaseMs).then(() => {
      for (const pid of pids) signal(pid, 'SIGCONT');
      worker.signal('SIGCONT');
    });
    return { target: worker.name, hurt: { kind: 'executors', pids }, since, healed: untilSound(worker, thawed) };
  },
};
