/** An executor hangs, main thread and all: its supervisor must notice and end it. */

import { setTimeout as pause } from 'node:timers/promises';
import { signal } from '../fleet/children.ts';
import { overLeaseMs } from '../settings.ts';
import type { Fault } from './fault.ts';

export const freezeExecutor: Fault = {
  name: 'freeze executor',
  weight: 2,
  strike(fleet, chance) {
    const worker = chance.pick(fleet.workers.filter((unit) => unit.up && !unit.struck));
    const pid = worker && chance.pick(worker.children);
    if (!worker || pid === undefined) return undefined;
    const since = Date.now();
    signal(pid, 'SIGSTOP');
    const healed = pause(overLeaseMs).then(() => signal(pid, 'SIGCONT'));
    return { target: `${worker.name}, process ${pid}`, hurt: { kind: 'executors', pids: [pid] }, since, healed };
  },
};
