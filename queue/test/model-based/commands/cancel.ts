/** cancel: now, or with force. */

import fc from 'fast-check';
import { agree } from '../agree.ts';
import { pick, running } from '../oracle/model.ts';
import { cancel as stop } from '../oracle/moves.ts';
import type { Step } from '../step.ts';

export const cancel: Step<{ which: number; force: boolean }> = {
  name: 'cancel',
  args: fc.record({ which: fc.nat(), force: fc.boolean() }),
  when: (model) => model.tasks.length > 0,
  run: async (model, system, { which, force }) => {
    const runs = running(model);
    const task = pick(which % 2 === 0 && runs.length > 0 ? runs : model.tasks, which >> 1);
    if (!task) throw new Error('there is no task');
    const shot = await system.queue.submission.cancel({ id: task.spec.id, force });
    if (!task.gone) stop(model, task, force);
    agree(shot?.state, task.gone ? undefined : task.state, `the answer for ${task.label}`);
    return `${task.label}${force ? ' with force' : ''}: ${task.state}`;
  },
};
