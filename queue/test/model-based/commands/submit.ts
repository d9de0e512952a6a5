/** submit: new tasks with every option, repeated ones, and those that a full queue refuses. */

import { defaults, limits } from '@inferq/core/limits.ts';
import fc from 'fast-check';
import { key } from '../../../keys.ts';
import type { NewTask, QueueLimits, SubmitOutcome } from '../../../queue.ts';
import { newTask } from '../../support/build.ts';
import { agree } from '../agree.ts';
import { type Answer, admit } from '../oracle/admission.ts';
import { find, known, type Model, pick } from '../oracle/model.ts';
import type { Step } from '../step.ts';
import { calls, inboxName, queues, tightLimits } from '../system.ts';

const roomy: QueueLimits = {
  maxTasks: defaults.queueTasks,
  maxBytes: defaults.queueBytes,
  retainedBytes: defaults.retainedBytes,
  memoryWatermark: 1,
};

/** The first of these four times of seven or more. */
function often<const Value>(usual: Value, ...others: Value[]): fc.Arbitrary<Value> {
  return fc.constantFrom(usual, usual, usual, usual, ...others);
}

const parts = fc.record({
  queue: fc.constantFrom(...queues),
  version: often('1', '2'),
  openVersion: fc.boolean(),
  priority: often(5, 0, 9),
  rows: fc.integer({ min: 1, max: 3 }),
  signature: often('', 'a'),
  size: fc.constantFrom(3, 9, limits.inlineBytes, limits.inlineBytes + 1, 20_000),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  ignoreResult: often(false, true),
  keepInput: often(false, true),
  when: often('now', 'delayed', 'late'),
  deadline: often('none', 'within', 'within', 'past'),
  key: often('', 'k0', 'k1'),
  digest: often('d0', 'd1'),
  metadata: fc.boolean(),
  watched: fc.boolean(),
  call: often('', ...calls),
});
type Parts = typeof parts extends fc.Arbitrary<infer Value> ? Value : never;

function build({ size, when, deadline, key: name, digest, metadata, watched, call, ...rest }: Parts): NewTask {
  return newTask({
    ...rest,
    input: Buffer.alloc(size, `${rest.queue}${rest.rows}`),
    ...(when === 'delayed' ? { delayMs: 60_000 } : when === 'late' ? { notBefore: 1 } : {}),
    ...(deadline === 'within' ? { startWithinMs: 3_600_000 } : deadline === 'past' ? { startDeadline: 1 } : {}),
    ...(name ? { idempotency: { key: name, digest } } : {}),
    ...(metadata ? { metadata: Buffer.from('who asked') } : {}),
    ...(watched ? { watchBy: inboxName } : {}),
    ...(call ? { boundTo: call } : {}),
  });
}

/** The answer of the oracle against that of the queue; what happened, for people. */
function check(model: Model, answer: Answer, outcome: SubmitOutcome | undefined): string {
  if (answer.kind === 'accepted') {
    const { task } = answer;
    if (outcome?.kind !== 'accepted') throw new Error(`${task.label} was answered ${JSON.stringify(outcome)}`);
    task.submittedAt ??= outcome.submittedAt;
    agree(outcome, { kind: 'accepted', id: task.spec.id, submittedAt: task.submittedAt }, `the answer for ${task.label}`);
    return task.label;
  }
  const read = outcome?.kind === 'duplicate' ? { kind: outcome.kind, id: outcome.snapshot.id } : outcome;
  agree(read, answer, 'the answer');
  return answer.kind === 'full' ? `full of ${answer.what}` : `${answer.kind} of ${find(model, answer.id)?.label}`;
}

export const submit: Step<{ tasks: Parts[]; tight: boolean }> = {
  name: 'submit',
  args: fc.record({ tasks: fc.array(parts, { minLength: 1, maxLength: 3 }), tight: often(false, true) }),
  run: async (model, system, { tasks, tight }) => {
    const specs = tasks.map(build);
    // The count is kept for 100 ms: forgotten, it is walked anew.
    if (tight) await system.redis.del(key('depth'));
    const outcomes = await (tight ? system.tight : system.queue).submission.submit(specs);
    const answers = specs.map((spec) => admit(model, spec, tight ? tightLimits : roomy));
    return answers.map((answer, at) => check(model, answer, outcomes[at])).join(', ');
  },
};

export const submitAgain: Step<{ which: number; watched: boolean; call: string }> = {
  name: 'submit again',
  args: fc.record({ which: fc.nat(), watched: fc.boolean(), call: fc.constantFrom('', ...calls) }),
  when: (model) => known(model).some(({ redrivenFrom }) => !redrivenFrom),
  run: async (model, system, { which, watched, call }) => {
    const task = pick(
      known(model).filter(({ redrivenFrom }) => !redrivenFrom),
      which,
    );
    if (!task) throw new Error('there is nothing to submit again');
    const { boundTo: _call, ...rest } = task.spec;
    const spec = { ...rest, ...(watched ? { watchBy: inboxName } : {}), ...(call ? { boundTo: call } : {}) };
    const [outcome] = await system.queue.submission.submit([spec]);
    return check(model, admit(model, spec, roomy), outcome);
  },
};
