/** Refuses names of outputs that a task cannot have: a selection that selects nothing must not pass for a task without outputs. */

import { shown, shownList } from '@inferq/core/names.ts';
import type { Outcome } from '@inferq/core/refusal.ts';
import { granted, refused } from '@inferq/core/refusal.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { violationsTold } from '@inferq/core/violation.ts';
import type { Broker, CallContext } from '../broker.ts';
import type { OutputSelection } from './convert/output-options.ts';

/** Checks the selection against what the model declares. An unknown model passes here: its use case says so better. */
export async function checkModelOutputs(
  broker: Broker,
  { names }: OutputSelection,
  model: string,
  version: string,
): Promise<Outcome<undefined>> {
  if (names === undefined) return granted(undefined);
  const found = await broker.getModel(model, version);
  if (!found.ok) return granted(undefined);
  const known = new Set(found.value.spec.outputs.map(({ name }) => name));
  const unknown = [...names].filter((name) => !known.has(name));
  if (unknown.length === 0) return granted(undefined);
  const outputs = shownList([...known]);
  return refused('INVALID_REQUEST', `the model ${shown(model)} has no outputs of these names; it has ${outputs}`, {
    violations: unknown.map((name, index) => {
      const hint = index < violationsTold ? didYouMean(name, known) : '';
      return { field: 'outputs.names', description: `"${shown(name)}" is not an output of this model.${hint}` };
    }),
  });
}

/** The same for a task that exists. An unknown task passes here too. */
export async function checkTaskOutputs(
  broker: Broker,
  selection: OutputSelection,
  taskId: string,
  call: CallContext,
): Promise<Outcome<undefined>> {
  if (selection.names === undefined) return granted(undefined);
  const found = await broker.getResult(taskId, { outputs: false }, call);
  if (!found.ok) return granted(undefined);
  const { model, version } = found.value.snapshot;
  return checkModelOutputs(broker, selection, model, version);
}
