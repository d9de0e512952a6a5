/** One step of a run: something is done to the system and to the oracle, then the two are compared. */

import type fc from 'fast-check';
import type { AsyncCommand } from 'fast-check';
import { compare } from './compare/compare.ts';
import type { Model } from './oracle/model.ts';
import type { System } from './system.ts';

export type Command = AsyncCommand<Model, System>;

export interface Step<Args> {
  readonly name: string;
  /** What it is done with. */
  readonly args: fc.Arbitrary<Args>;
  /** Whether it means anything now; always, where it is left out. */
  readonly when?: (model: Model, args: Args) => boolean;
  /** Does it to both, and checks the answer. Resolves to what happened, for people. */
  readonly run: (model: Model, system: System, args: Args) => Promise<string>;
}

async function execute<Args>(step: Step<Args>, args: Args, model: Model, system: System): Promise<void> {
  const at = system.trace.push(step.name);
  try {
    const what = await step.run(model, system, args);
    system.trace[at - 1] = `${step.name}: ${what}`;
    await compare(model, system);
  } catch (error) {
    if (error instanceof Error) error.message += `\n\nAfter:\n  ${system.trace.join('\n  ')}`;
    throw error;
  }
}

/** An arbitrary command of a step. */
export function command<Args>(step: Step<Args>): fc.Arbitrary<Command> {
  return step.args.map((args) => ({
    check: (model) => step.when?.(model, args) ?? true,
    run: (model, system) => execute(step, args, model, system),
    toString: () => `${step.name}(${JSON.stringify(args)})`,
  }));
}
