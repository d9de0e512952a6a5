/** What Redis may forget. */

import fc from 'fast-check';
import { group, key } from '../../../keys.ts';
import { agree } from '../agree.ts';
import { pick, running } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import { queues } from '../system.ts';
import { applyRepair } from './upkeep.ts';

export const scriptFlush: Step<null> = {
  name: 'SCRIPT FLUSH',
  args: fc.constant(null),
  run: async (_model, { redis }) => {
    await redis.script('FLUSH');
    return '';
  },
};

/** Who waits for the bell is a hint. */
export const idleLost: Step<null> = {
  name: 'idle executors forgotten',
  args: fc.constant(null),
  run: async (_model, { redis }) => {
    await redis.del(...queues.flatMap((queue) => ['1', '2'].map((version) => key('idle', `${queue}:m:${version}`))));
    return '';
  },
};

/** A lane's consumer group is dropped; the next renewals and repair find again what it held. */
export const groupDropped: Step<number> = {
  name: 'group dropped',
  args: fc.nat(),
  when: (model) => running(model).length > 0,
  run: async (model, { redis, queue }, which) => {
    const one = pick(running(model), which);
    const laneOf = ({ spec, version, rank }: typeof one & object) => `${spec.queue}:${spec.model}:${version}:${rank}`;
    const lane = one ? laneOf(one) : '';
    await redis.xgroup('DESTROY', key('lane', lane), group);
    const held = running(model).filter((task) => laneOf(task) === lane);
    for (const task of held) {
      const answer = await queue.execution.extend(task.executor ?? '', [{ id: task.spec.id, token: task.token ?? '' }]);
      agree(answer, [task.cancelRequested ? 'cancel' : 'held'], `the renewal of ${task.label}`);
      Object.assign(task, { forgotten: true, aged: false });
    }
    await queue.upkeep.repair();
    applyRepair(model);
    return `${lane} with ${held.map(({ label }) => label).join(', ')}`;
  },
};
