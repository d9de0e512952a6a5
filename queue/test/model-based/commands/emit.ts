/** emit: chunks small and large, sent again, out of turn, and progress. */

import { limits } from '@inferq/core/limits.ts';
import fc from 'fast-check';
import type { AttemptRef, Emission } from '../../../queue.ts';
import { agree } from '../agree.ts';
import { type ModelTask, pick, running } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import { attemptOf, type Choice, choice, hasAttempts, holds } from './attempts.ts';

interface Item {
  attempt: Choice;
  kind: 'chunk' | 'chunk again' | 'progress';
  size: number;
  fraction: number | null;
  message: string;
}

const item: fc.Arbitrary<Item> = fc.record({
  attempt: choice,
  kind: fc.constantFrom('chunk', 'chunk', 'chunk again', 'progress' as const),
  size: fc.constantFrom(0, 5, limits.inlineBytes, limits.inlineBytes + 1),
  fraction: fc.constantFrom(null, 0, 0.5),
  message: fc.constantFrom('', 'half', 'a message too long for a listpack'.repeat(3)),
});

/** `sent`: how many chunks of the task go before it in the same call. */
function emission(task: ModelTask, ref: AttemptRef, sent: number, { kind, size, fraction, message }: Item): Emission {
  if (kind === 'progress') return { ...ref, kind, message, ...(fraction === null ? {} : { fraction }) };
  const index = task.chunks.length + sent - (kind === 'chunk again' ? 1 : 0);
  return { ...ref, kind: 'chunk', index: Math.max(0, index), payload: Buffer.alloc(size, 'c') };
}

/** Does to the oracle what the script should do; what it should answer. */
function apply(task: ModelTask, sent: Emission): string {
  if (!holds(task, sent)) return 'lost';
  if (sent.kind === 'progress') {
    task.sequence++;
    task.progress = { ...(sent.fraction === undefined ? {} : { fraction: sent.fraction }), message: sent.message ?? '' };
  } else if (sent.index === task.chunks.length) {
    task.sequence++;
    task.chunks.push(sent.payload ?? Buffer.alloc(0));
  }
  return task.cancelRequested ? 'cancel' : 'held';
}

export const emit: Step<Item[]> = {
  name: 'emit',
  args: fc.array(item, { minLength: 1, maxLength: 4 }),
  when: hasAttempts,
  run: async (model, system, items) => {
    const fresh = new Map<ModelTask, number>();
    const sent = items.flatMap((one) => {
      const attempt = attemptOf(model, one.attempt);
      if (!attempt) return [];
      const { task, ref } = attempt;
      const before = fresh.get(task) ?? 0;
      const built = emission(task, ref, before, one);
      if (holds(task, ref) && built.index === task.chunks.length + before) fresh.set(task, before + 1);
      return [{ task, emission: built }];
    });
    const outcomes = await system.queue.execution.emit(sent.map((one) => one.emission));
    const expected = sent.map((one) => apply(one.task, one.emission));
    agree(outcomes, expected, 'the outcomes');
    return sent.map(({ task, emission: { kind, index } }, at) => `${kind} ${index ?? ''} of ${task.label} ${expected[at]}`).join(', ');
  },
};

export const emitOutOfTurn: Step<{ which: number }> = {
  name: 'emit out of turn',
  args: fc.record({ which: fc.nat() }),
  when: (model) => running(model).length > 0,
  run: async (model, system, { which }) => {
    const task = pick(running(model), which);
    if (!task?.token) throw new Error('nothing runs');
    const chunk: Emission = {
      id: task.spec.id,
      token: task.token,
      kind: 'chunk',
      index: task.chunks.length + 1,
      payload: Buffer.from('c'),
    };
    agree(await system.queue.execution.emit([chunk]), ['lost'], 'a chunk without the one before it');
    return task.label;
  },
};
