/** settle: every verb, many in one call, with and without the next claim, twice, and with the token of an attempt that is over. */

import { limits } from '@inferq/core/limits.ts';
import fc from 'fast-check';
import type { AttemptRef, Settlement } from '../../../queue.ts';
import { completed, failed, ran, released, retried } from '../../support/storage.ts';
import { agree } from '../agree.ts';
import type { Model, ModelTask } from '../oracle/model.ts';
import { complete, fail, finish, release, retry } from '../oracle/moves.ts';
import type { Step } from '../step.ts';
import { attemptOf, type Choice, choice, hasAttempts, holds } from './attempts.ts';
import { applyClaim, type ClaimArgs, claimArgs, requestOf } from './claim.ts';

const verbs = ['complete', 'complete', 'complete', 'retry', 'retry', 'fail', 'fail', 'release', 'cancel'] as const;
/** Longer than any start deadline of the future. */
const veryLate = 7_200_000;

interface Item {
  attempt: Choice;
  verb: (typeof verbs)[number];
  size: number;
  partial: boolean;
  solo: boolean;
  delayMs: number;
}

const item: fc.Arbitrary<Item> = fc.record({
  attempt: choice,
  verb: fc.constantFrom(...verbs),
  size: fc.constantFrom(4, 30, limits.inlineBytes, limits.inlineBytes + 1),
  partial: fc.constantFrom(false, false, true),
  solo: fc.boolean(),
  delayMs: fc.constantFrom(0, 0, 60_000, veryLate),
});

function settlement(ref: AttemptRef, { verb, size, partial, solo, delayMs }: Item): Settlement {
  switch (verb) {
    case 'complete':
      return { ...completed(ref, Buffer.alloc(size, ref.token)), partial };
    case 'retry':
      return retried(ref, delayMs);
    case 'fail':
      return failed(ref);
    case 'release':
      return released(ref, solo);
    case 'cancel':
      return { verb, ...ref, ...ran };
  }
}

/** Does to the oracle what the script should do; what it should answer. */
function apply(model: Model, task: ModelTask, sent: Settlement): 'accepted' | 'refused' {
  if (!task.gone && task.settled === sent.token) return 'accepted';
  if (!holds(task, sent)) return 'refused';
  task.settled = sent.token;
  if (sent.verb === 'complete') complete(model, task, sent.output, sent.partial);
  else if (sent.verb === 'fail') fail(model, task, 'MODEL_ERROR');
  else if (sent.verb === 'release') release(model, task, sent.solo ? 'solo' : 'returned');
  else if (sent.verb === 'cancel') finish(model, task, 'cancelled', 'CANCELLED');
  else {
    const late = task.deadline === 'past' || (task.deadline === 'future' && sent.delayMs === veryLate);
    retry(model, task, 'MODEL_ERROR', sent.delayMs === 0 ? 'past' : 'future', late);
  }
  return 'accepted';
}

export const settle: Step<{ items: Item[]; twice: boolean; next: ClaimArgs | null }> = {
  name: 'settle',
  args: fc.record({
    items: fc.array(item, { minLength: 1, maxLength: 3 }),
    twice: fc.constantFrom(false, false, false, true),
    next: fc.option(claimArgs, { freq: 2 }),
  }),
  when: hasAttempts,
  run: async (model, system, { items, twice, next }) => {
    const sent = items.flatMap((one) => {
      const attempt = attemptOf(model, one.attempt);
      return attempt ? [{ task: attempt.task, settlement: settlement(attempt.ref, one) }] : [];
    });
    const settlements = sent.map((one) => one.settlement);
    const expectedOf = () => sent.map((one) => apply(model, one.task, one.settlement));
    const request = next ? requestOf(next) : undefined;
    const answer = await system.queue.execution.settle(settlements, request);
    const expected = expectedOf();
    agree(answer.outcomes, expected, 'the outcomes');
    const what = sent.map(({ task, settlement: { verb, token } }, at) => `${verb} ${task.label} ${token}: ${expected[at]}`).join(', ');
    const then = request ? `; then ${applyClaim(model, request, answer.next)}` : '';
    if (twice) agree((await system.queue.execution.settle(settlements)).outcomes, expectedOf(), 'the outcomes, sent again');
    return `${what}${then}${twice ? '; sent again' : ''}`;
  },
};
