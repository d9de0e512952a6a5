/** A server begins to watch a task that exists, and ends it. */

import fc from 'fast-check';
import { agree } from '../agree.ts';
import { watch as begin } from '../oracle/admission.ts';
import { known, pick } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import { inboxName } from '../system.ts';

export const watch: Step<{ which: number }> = {
  name: 'watch',
  args: fc.record({ which: fc.nat() }),
  when: (model) => model.tasks.length > 0,
  run: async (model, system, { which }) => {
    const task = pick(model.tasks, which);
    if (!task) throw new Error('there is no task');
    const [shot] = await system.queue.submission.inspect([task.spec.id], inboxName);
    agree(shot?.sequence, task.gone ? undefined : task.sequence, `the sequence of ${task.label}`);
    if (!task.gone) begin(task);
    return task.label;
  },
};

export const unwatch: Step<{ which: number }> = {
  name: 'unwatch',
  args: fc.record({ which: fc.nat() }),
  when: (model) => known(model).some(({ watch }) => watch),
  run: async (model, system, { which }) => {
    const watched = known(model).filter(({ watch }) => watch);
    const task = pick(watched, which);
    if (!task) throw new Error('nothing is watched');
    await system.queue.submission.unwatch([task.spec.id], inboxName);
    task.watch = undefined;
    return task.label;
  },
};
