/** A supervisor sleeps for longer than a lease while its executors work on. */

import { setTimeout as pause } from 'node:timers/promises';
import { overLeaseMs } from '../settings.ts';
import { type Fault, untilSound, victim } from './fault.ts';

export const freezeSupervisor: Fault = {
  name: 'freeze supervisor',
  weight: 1,
  strike(fleet, chance) {
    const worker = victim(fleet.workers, chance);
    if (!worker) return undefined;
    const since = Date.now();
    worker.signal('SIGSTOP');
    const thawed = pause(overLeaseMs).then(() => worker.signal('SIGCONT'));
    return { target: worker.name, hurt: { kind: 'executors', pids: worker.children }, since, healed: untilSound(worker, thawed) };
  },
};
