/** A supervisor dies: its executors must end by themselves, and others take over after a lease. */

import { type Fault, untilSound, victim } from './fault.ts';

export const killSupervisor: Fault = {
  name: 'kill supervisor',
  weight: 2,
  strike(fleet, chance) {
    const worker = victim(fleet.workers, chance);
    if (!worker) return undefined;
    const pids = worker.children;
    const since = Date.now();
    const { starts } = worker;
    worker.signal('SIGKILL');
    return { target: worker.name, hurt: { kind: 'executors', pids }, since, healed: untilSound(worker, worker.startedAgain(starts)) };
  },
};
