/** A worker is stopped as an operator does, and started again: nothing may be charged or lost. */

import { type Fault, untilSound, victim } from './fault.ts';

export const restartWorker: Fault = {
  name: 'restart worker',
  weight: 1,
  strike(fleet, chance) {
    const worker = victim(fleet.workers, chance);
    if (!worker) return undefined;
    const since = Date.now();
    const { starts } = worker;
    const pids = worker.children;
    worker.signal('SIGTERM');
    return { target: worker.name, hurt: { kind: 'executors', pids }, since, healed: untilSound(worker, worker.startedAgain(starts)) };
  },
};
