/** Checks a model repository without serving it: settings, then each version loaded and warmed up on the CPU. */

import type { ModelSpec } from '@inferq/core/model.ts';
import { shownSpec } from '@inferq/core/tensor/shape.ts';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { type CheckOutcome, checkVersions } from './check-versions.ts';
import type { LoadedModel } from './engine.ts';
import { sentenceOf } from './repository/problem.ts';
import { openRepository } from './repository/repository.ts';

/** One version, or one problem of it. `model` is empty where the repository itself is wrong, `version` where a model has none. */
export interface CheckLine {
  model: string;
  version: string;
  problem?: string;
  summary?: string;
}

/**
 * Gives a line as soon as it is known: first what is wrong with settings, then one for each version that is loaded. `onSlow` is told
 * which version takes long to load, and for how many seconds it has.
 */
export async function* checkRepository(folder: string, onSlow: (label: string, seconds: number) => void): AsyncGenerator<CheckLine, void> {
  const { problem, broken, versions } = await openRepository(folder);
  if (problem) yield { model: '', version: '', problem: sentenceOf([problem]) };
  for (const { name, version, problems } of broken) {
    for (const one of problems) yield { model: name, version, problem: sentenceOf([one]) };
  }
  for await (const { version, outcome } of checkVersions(versions, onSlow)) {
    yield { model: version.name, version: version.version, ...verdict(outcome) };
  }
}

function verdict(outcome: CheckOutcome): { problem: string } | { summary: string } {
  if ('problem' in outcome) return { problem: outcome.problem };
  const { fault } = outcome.loaded;
  return fault === undefined ? { summary: summarise(outcome.loaded) } : { problem: fault };
}

function summarise({ spec, continuous, warning }: LoadedModel): string {
  const kind = spec.kind === 'onnx' ? 'ONNX' : continuous ? 'handler with step' : 'handler with run';
  const note = warning === undefined ? '' : `; note: ${warning}`;
  return `${kind}, ${signatureOf(spec)}, ${batchesOf(spec)}, queue ${spec.queue}${note}`;
}

function signatureOf({ inputs, outputs }: ModelSpec): string {
  const list = (specs: readonly TensorSpec[]) =>
    specs.map((spec) => `${spec.name} ${spec.datatype} ${shownSpec(spec)}${spec.optional ? ' (optional)' : ''}`).join(', ');
  return `${list(inputs)} -> ${list(outputs)}`;
}

function batchesOf({ maxBatchSize }: ModelSpec): string {
  return maxBatchSize === 0 ? 'no batching' : `batches of up to ${maxBatchSize} rows`;
}
