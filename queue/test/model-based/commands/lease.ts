/** extend, leases that run out, and reclaim. */

import fc from 'fast-check';
import { group, key } from '../../../keys.ts';
import { Script } from '../../../scripts.ts';
import { agree } from '../agree.ts';
import { type Model, type ModelTask, running } from '../oracle/model.ts';
import { reclaim as takeBack } from '../oracle/moves.ts';
import type { Step } from '../step.ts';
import { executors, leaseMs, type System } from '../system.ts';
import { attemptOf, type Choice, choice, hasAttempts, holds } from './attempts.ts';

interface Extension {
  executor: string;
  attempts: Choice[];
}

const extension: fc.Arbitrary<Extension> = fc.record({
  executor: fc.constantFrom(...executors),
  attempts: fc.array(choice, { minLength: 1, maxLength: 3 }),
});

async function extendSome(model: Model, system: System, { executor, attempts }: Extension): Promise<string> {
  const sent = attempts.flatMap((one) => attemptOf(model, one) ?? []);
  const outcomes = await system.queue.execution.extend(
    executor,
    sent.map(({ ref }) => ref),
  );
  const expected = sent.map(({ task, ref }) => {
    if (!holds(task, ref) || task.executor !== executor) return 'lost';
    task.aged = false;
    return task.cancelRequested ? 'cancel' : 'held';
  });
  agree(outcomes, expected, 'the outcomes');
  return `${executor} ${sent.map(({ task }, at) => `${task.label} ${expected[at]}`).join(', ')}`;
}

export const extend: Step<Extension> = { name: 'extend', args: extension, when: hasAttempts, run: extendSome };

async function age(task: ModelTask, { redis }: System): Promise<void> {
  const { spec, version, rank, executor = '', entry = '' } = task;
  const lane = key('lane', `${spec.queue}:${spec.model}:${version}:${rank}`);
  await redis.call('XCLAIM', lane, group, executor, 0, entry, 'IDLE', leaseMs * 2, 'JUSTID');
  task.aged = true;
}

/** A lease passes; one executor renews some of what it holds, nobody renews the rest. */
export const leasePasses: Step<{ which: number; renewed: Extension | null }> = {
  name: 'a lease passes',
  args: fc.record({ which: fc.constantFrom(0, 0, 1, 2, 5), renewed: fc.option(extension, { freq: 2 }) }),
  when: (model) => running(model).length > 0,
  run: async (model, system, { which, renewed }) => {
    // One bit for each running task: not all of them lose contact.
    const tasks = running(model).filter((_task, at) => ((which >> (at % 8)) & 1) === 0);
    await Promise.all(tasks.map((task) => age(task, system)));
    const kept = renewed ? `; extend ${await extendSome(model, system, renewed)}` : '';
    return `${tasks.map(({ label }) => label).join(', ')}${kept}`;
  },
};

const script = new Script('reclaim.lua');

/** The script as a reclaimer sends it after a full lease of contact; the contact itself is reclaim.test.ts's. */
export const reclaim: Step<null> = {
  name: 'reclaim',
  args: fc.constant(null),
  when: (model) => running(model).length > 0,
  run: async (model, system) => {
    await system.redis.del(key('turn', 'reclaim'));
    const time = await system.queue.submission.now();
    const [, count] = (await script.run(system.redis, [leaseMs, time, '1'])) as unknown[];
    const lost = running(model).filter(({ aged }) => aged);
    for (const task of lost) takeBack(model, task);
    agree(Number(count), lost.length, 'how many were taken back');
    return lost.map(({ label, state }) => `${label} ${state}`).join(', ');
  },
};
