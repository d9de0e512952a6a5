/** promote and expire, prune, repair and redrive. */

import { isTerminal } from '@inferq/core/task.ts';
import fc from 'fast-check';
import { key } from '../../../keys.ts';
import { prune as pruneTo } from '../../../verbs/upkeep.ts';
import { newId } from '../../support/build.ts';
import { agree } from '../agree.ts';
import { create } from '../oracle/admission.ts';
import { find, known, type Model, type ModelTask, pick, sumOf } from '../oracle/model.ts';
import { cancel, enqueue, finish } from '../oracle/moves.ts';
import type { Step } from '../step.ts';
import { queues } from '../system.ts';

const labels = (tasks: readonly ModelTask[]) => tasks.map(({ label, state }) => `${label} ${state}`).join(', ');

export const promote: Step<null> = {
  name: 'promote and expire',
  args: fc.constant(null),
  run: async (model, system) => {
    const count = await system.queue.upkeep.promote();
    const due = known(model).filter((task) => task.due === 'past');
    for (const task of due) enqueue(task, String(task.spec.priority));
    const cut = known(model).filter((task) => model.cuts.get(task.spec.id) === 'past' && !isTerminal(task.state));
    for (const task of cut) cancel(model, task, false);
    for (const [id, when] of model.cuts) if (when === 'past') model.cuts.delete(id);
    const late = known(model).filter(({ deadline, state }) => deadline === 'past' && (state === 'queued' || state === 'scheduled'));
    for (const task of late) finish(model, task, 'expired', 'START_DEADLINE');
    agree(count, due.length + cut.length + late.length, 'how many moved');
    return labels([...due, ...cut, ...late]);
  },
};

/** Dead letters that a retention removes, given all of them from the oldest on. */
function buried(letters: readonly ModelTask[], count: number, bytes: number): ModelTask[] {
  const rest = letters.filter(({ dead }) => dead === 'future');
  while (rest.length > count || sumOf(rest) > bytes) rest.shift();
  return letters.filter((task) => !rest.includes(task));
}

export const prune: Step<{ count: number; bytes: number }> = {
  name: 'prune',
  args: fc.record({ count: fc.constantFrom(1, 3, 1_000), bytes: fc.constantFrom(15_000, 1_000_000) }),
  run: async (model, system, { count, bytes }) => {
    const order = await system.redis.zrange(key('dead'), '0', '-1');
    const gone = buried(
      order.flatMap((id) => find(model, id) ?? []),
      count,
      bytes,
    );
    const registry = await system.queue.registry.readRegistry();
    await pruneTo(system.redis, registry, { ageMs: 3_600_000, count, bytes });
    for (const task of gone) Object.assign(task, { gone: true, dead: undefined });
    for (const [minute, { when }] of model.ledger) if (when === 'past') model.ledger.delete(minute);
    return labels(gone);
  },
};

/** Open-version tasks that nobody serves, and where they move. */
function moves(model: Model): { task: ModelTask; version: string }[] {
  const [newest] = model.served.toSorted().reverse();
  const stranded = model.tasks.filter(
    ({ state, spec, version }) => state === 'queued' && spec.openVersion && !model.served.includes(version),
  );
  return newest ? stranded.map((task) => ({ task, version: newest })) : [];
}

/** What repair does to the oracle; the tasks that moved. */
export function applyRepair(model: Model): ModelTask[] {
  return moves(model).map(({ task, version }) => {
    task.version = version;
    enqueue(task, task.rank ?? '');
    return task;
  });
}

export const repair: Step<{ lost: boolean }> = {
  name: 'repair',
  args: fc.record({ lost: fc.boolean() }),
  run: async (model, system, { lost }) => {
    const hints = queues.flatMap((queue) => ['1', '2'].map((version) => key('ready', `${queue}:m:${version}`)));
    if (lost) await system.redis.del(...hints);
    await system.queue.upkeep.repair();
    return `${lost ? 'after the hints were lost' : ''} ${labels(applyRepair(model))}`;
  },
};

function redriven(model: Model, task: ModelTask, id: string): ModelTask {
  const {
    idempotency: _key,
    delayMs: _delay,
    startWithinMs: _within,
    startDeadline: _deadline,
    watchBy: _inbox,
    boundTo: _call,
    ...spec
  } = task.spec;
  const copy = create(model, { ...spec, id }, task.version);
  copy.redrivenFrom = task.spec.id;
  task.redrivenTo = id;
  task.dead = undefined;
  task.sequence++;
  return copy;
}

export const redrive: Step<number[]> = {
  name: 'redrive',
  args: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  when: (model) => model.tasks.some(({ state }) => state === 'failed'),
  run: async (model, system, which) => {
    const failed = model.tasks.filter(({ state }) => state === 'failed');
    const pairs = which.flatMap((number) => {
      const task = pick([...failed, ...model.tasks.slice(0, 1)], number);
      return task ? [{ id: task.spec.id, newId: newId() }] : [];
    });
    const { redriven: answer, before } = await system.queue.submission.redrive(pairs);
    const expected = new Map<string, string>();
    const repeated: string[] = [];
    for (const { id, newId: next } of pairs) {
      const task = find(model, id);
      if (task?.dead) redriven(model, task, next);
      else if (task?.redrivenTo && !task.gone) repeated.push(id);
      if (task?.redrivenTo && !task.gone) expected.set(id, task.redrivenTo);
    }
    agree([...answer].sort(), [...expected].sort(), 'the new ids');
    agree(before, repeated, 'those that were redriven before');
    return [...expected].map(([from, to]) => `${find(model, from)?.label} as ${find(model, to)?.label}`).join(', ');
  },
};
