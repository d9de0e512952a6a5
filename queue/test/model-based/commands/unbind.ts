/** unbind: a call that holds a task, or one that does not, is answered or breaks off. */

import fc from 'fast-check';
import { pick } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import { calls, inboxName } from '../system.ts';

export const unbind: Step<{ which: number; call: string; brokeOff: boolean }> = {
  name: 'unbind',
  args: fc.record({ which: fc.nat(), call: fc.constantFrom(...calls), brokeOff: fc.boolean() }),
  when: (model) => model.tasks.length > 0,
  run: async (model, system, { which, call, brokeOff }) => {
    const bound = model.tasks.filter((task) => task.calls.has(call));
    const task = pick(which % 4 > 0 && bound.length > 0 ? bound : model.tasks, which >> 2);
    if (!task) throw new Error('there is no task');
    await system.queue.submission.unbind({ id: task.spec.id, call }, brokeOff ? 60_000 : undefined);
    if (task.calls.delete(call)) {
      // What was killed holds nothing.
      const heard = [...task.calls].some((other) => other.startsWith(`${inboxName}/`));
      if (brokeOff && !heard) model.cuts.set(task.spec.id, 'future');
    }
    return `${task.label} from ${call}${brokeOff ? ', which broke off' : ''}`;
  },
};
