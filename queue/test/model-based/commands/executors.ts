/** Executors are struck off, come back, and forget what they hold; workers serve other versions. */

import fc from 'fast-check';
import { agree } from '../agree.ts';
import { type Model, running } from '../oracle/model.ts';
import { crash, release } from '../oracle/moves.ts';
import type { Step } from '../step.ts';
import { executors, worker } from '../system.ts';
import { attemptOf, type Choice, choice } from './attempts.ts';

export const strike: Step<{ executor: string; why: 'crash' | 'shutdown' }> = {
  name: 'strike',
  args: fc.record({ executor: fc.constantFrom(...executors), why: fc.constantFrom('crash', 'crash', 'shutdown') }),
  when: (model, { executor }) => model.registered.has(executor) || running(model, executor).length > 0,
  run: async (model, system, { executor, why }) => {
    const count = await system.queue.registry.strikeExecutor(executor, why, 'SIGSEGV');
    const held = running(model, executor);
    for (const task of held) {
      if (why === 'crash') crash(model, task, held.length === 1);
      else release(model, task, 'returned');
    }
    model.registered.delete(executor);
    agree(count, held.length, 'how many it held');
    return `${executor} ${why} with ${held.map(({ label }) => label).join(', ') || 'nothing'}`;
  },
};

function announced(model: Model, names: readonly string[], versions: readonly string[]): void {
  for (const name of names) model.registered.add(name);
  model.served = names.length > 0 ? versions : [];
}

export const announce: Step<{ names: readonly string[]; versions: string[] }> = {
  name: 'announce',
  args: fc.record({
    names: fc.oneof(fc.constant(executors), fc.subarray(executors)),
    versions: fc.constantFrom(['1', '2'], ['1', '2'], ['1'], ['2']),
  }),
  run: async (model, system, { names, versions }) => {
    await system.queue.registry.announceWorker(worker(names, versions));
    announced(model, names, versions);
    return `${names.join(', ') || 'nobody'} with ${versions.join(', ')}`;
  },
};

export const releaseUnknown: Step<{ executor: string; known: Choice[] }> = {
  name: 'release unknown',
  args: fc.record({ executor: fc.constantFrom(...executors), known: fc.array(choice, { maxLength: 2 }) }),
  run: async (model, system, { executor, known }) => {
    const refs = known.flatMap((one) => attemptOf(model, one)?.ref ?? []);
    const { released } = await system.queue.execution.releaseUnknown(executor, refs);
    const unknown = running(model, executor).filter((task) => !refs.some(({ id, token }) => id === task.spec.id && token === task.token));
    for (const task of unknown) release(model, task, 'returned');
    agree(released, unknown.length, 'how many were released');
    return `${executor} ${unknown.map(({ label }) => label).join(', ')}`;
  },
};
