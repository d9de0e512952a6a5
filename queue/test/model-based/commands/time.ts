/** Time that passes: due times, deadlines and retentions are moved into the past. */

import { isTerminal } from '@inferq/core/task.ts';
import fc from 'fast-check';
import { key, prefix } from '../../../keys.ts';
import { setStartDeadline } from '../../support/records.ts';
import { known, type Model, type ModelTask, pick } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import type { System } from '../system.ts';

/** A step that ages one of the tasks that `isAgeing`. */
function ageing(
  name: string,
  isAgeing: (task: ModelTask, model: Model) => boolean,
  age: (task: ModelTask, system: System, model: Model) => Promise<unknown>,
): Step<number> {
  const ageable = (model: Model) => known(model).filter((task) => isAgeing(task, model));
  return {
    name,
    args: fc.nat(),
    when: (model) => ageable(model).length > 0,
    run: async (model, system, which) => {
      const task = pick(ageable(model), which);
      if (task) await age(task, system, model);
      return task?.label ?? '';
    },
  };
}

export const comesDue = ageing(
  'comes due',
  ({ due }) => due === 'future',
  async (task, { redis }) => {
    await redis.zadd(key('scheduled', task.spec.queue), 'XX', 1, task.spec.id);
    task.due = 'past';
  },
);

export const deadlinePasses = ageing(
  'start deadline passes',
  ({ deadline, state }) => deadline === 'future' && !isTerminal(state),
  async (task, { redis }) => {
    await setStartDeadline(redis, task.spec.id, 1);
    await redis.zadd(key('due'), 'XX', 1, `exp:${task.spec.id}`);
    task.deadline = 'past';
  },
);

export const callStaysAway = ageing(
  'call stays away',
  ({ spec }, model) => model.cuts.get(spec.id) === 'future',
  async (task, { redis }, model) => {
    await redis.zadd(key('due'), 'XX', 1, `cut:${task.spec.id}`);
    model.cuts.set(task.spec.id, 'past');
  },
);

export const deadLetterAges = ageing(
  'dead letter ages',
  ({ dead }) => dead === 'future',
  async (task, { redis }) => {
    await redis.zadd(key('dead'), 'XX', 1, task.spec.id);
    await redis.zadd(key('dead', `:${task.spec.queue}`), 'XX', 1, task.spec.id);
    task.dead = 'past';
  },
);

/** Removes what has a TTL, as Redis does when it runs out; what has none would stay, and is found. */
export const resultEnds = ageing(
  'result ends',
  ({ state, dead }) => isTerminal(state) && !dead,
  async (task, { redis }) => {
    const { id, idempotency } = task.spec;
    const keys = await redis.keys(`${prefix()}*:${id}*`);
    if (idempotency && (await redis.get(key('idempotency', idempotency.key)))?.endsWith(id)) keys.push(key('idempotency', idempotency.key));
    for (const one of keys) if ((await redis.pttl(one)) > 0) await redis.del(one);
    task.gone = true;
  },
);

export const minutePasses: Step<number> = {
  name: 'minute of retained results passes',
  args: fc.nat(),
  when: ({ ledger }) => ledger.size > 0,
  run: async (model, { redis }, which) => {
    const minute = pick([...model.ledger.keys()], which) ?? 0;
    const entry = model.ledger.get(minute);
    await redis.zadd(key('retainedMinutes'), 'XX', 1, minute);
    if (entry) entry.when = 'past';
    return '';
  },
};
