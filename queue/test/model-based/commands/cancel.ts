/** cancel: at once, with force, later, and taken back. */

import { isTerminal } from '@inferq/core/task.ts';
import fc from 'fast-check';
import { agree } from '../agree.ts';
import { pick, running } from '../oracle/model.ts';
import { cancel as stop } from '../oracle/moves.ts';
import type { Step } from '../step.ts';

export const cancel: Step<{ which: number; how: 'now' | 'force' | 'later' }> = {
  name: 'cancel',
  args: fc.record({ which: fc.nat(), how: fc.constantFrom('now', 'force', 'later', 'later') }),
  when: (model) => model.tasks.length > 0,
  run: async (model, system, { which, how }) => {
    const runs = running(model);
    const task = pick(which % 2 === 0 && runs.length > 0 ? runs : model.tasks, which >> 1);
    if (!task) throw new Error('there is no task');
    const force = how === 'force';
    const { id } = task.spec;
    const shot = await system.queue.submission.cancel({ id, force, ...(how === 'later' ? { afterMs: 60_000 } : {}) });
    if (!task.gone) {
      if (how !== 'later') stop(model, task, force);
      else if (!isTerminal(task.state)) model.cuts.set(id, 'future');
    }
    agree(shot?.state, task.gone ? undefined : task.state, `the answer for ${task.label}`);
    return `${task.label} ${how}: ${task.state}`;
  },
};

export const keep: Step<{ which: number }> = {
  name: 'keep',
  args: fc.record({ which: fc.nat() }),
  when: (model) => model.cuts.size > 0,
  run: async (model, system, { which }) => {
    const id = pick([...model.cuts.keys()], which) ?? '';
    await system.queue.submission.keep(id);
    model.cuts.delete(id);
    return model.tasks.find(({ spec }) => spec.id === id)?.label ?? '';
  },
};
