/** Which attempts a command names: running ones, and now and then one of the past. */

import fc from 'fast-check';
import type { AttemptRef } from '../../../queue.ts';
import { type Model, type ModelTask, pick, running } from '../oracle/model.ts';

export interface Choice {
  which: number;
  /** An attempt that is over. */
  stale: boolean;
}

export const choice: fc.Arbitrary<Choice> = fc.record({ which: fc.nat(), stale: fc.constantFrom(false, false, false, false, true) });

/** Attempts that are over, those first whose task runs again. */
function past(model: Model): { task: ModelTask; ref: AttemptRef }[] {
  const of = (tasks: readonly ModelTask[]) =>
    tasks.flatMap((task) =>
      task.tokens.filter((token) => token !== task.token).map((token) => ({ task, ref: { id: task.spec.id, token } })),
    );
  const superseded = of(running(model));
  return superseded.length > 0 ? superseded : of(model.tasks);
}

/** The attempt that is meant; undefined where there is none. */
export function attemptOf(model: Model, { which, stale }: Choice): { task: ModelTask; ref: AttemptRef } | undefined {
  const over = past(model);
  const now = running(model).map((task) => ({ task, ref: { id: task.spec.id, token: task.token ?? '' } }));
  return stale ? (pick(over, which) ?? pick(now, which)) : (pick(now, which) ?? pick(over, which));
}

export function hasAttempts(model: Model): boolean {
  return model.tasks.some(({ tokens }) => tokens.length > 0);
}

/** Whether the attempt runs. */
export function holds(task: ModelTask, ref: AttemptRef): boolean {
  return task.state === 'running' && task.token === ref.token;
}
