/** An executor dies in the middle of whatever it runs. */

import { signal } from '../fleet/children.ts';
import type { Fault } from './fault.ts';

export const killExecutor: Fault = {
  name: 'kill executor',
  weight: 5,
  strike(fleet, chance) {
    const worker = chance.pick(fleet.workers.filter((unit) => unit.up && !unit.struck));
    const pid = worker && chance.pick(worker.children);
    if (!worker || pid === undefined) return undefined;
    const since = Date.now();
    signal(pid, 'SIGKILL');
    return { target: `${worker.name}, process ${pid}`, hurt: { kind: 'executors', pids: [pid] }, since };
  },
};
