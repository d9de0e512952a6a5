/** Why a request for a model cannot be served, where no version can be found that could. */

import { modelLabel, shown, shownList } from '@inferq/core/names.ts';
import type { RefusalReason } from '@inferq/core/refusal.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import type { KnownModels } from './known-models.ts';

/** `field` is the field of the request that is wrong. */
export interface UnknownModel {
  reason: Extract<RefusalReason, 'MODEL_NOT_FOUND' | 'MODEL_FAILED'>;
  field: 'model' | 'version';
  message: string;
}

/** For a model or a version that nobody has announced. */
export function unknownModel(known: KnownModels, model: string, version: string): UnknownModel {
  const failed = failedModel(known, model, version);
  if (failed) return failed;
  const versions = known.versions(model).map((spec) => spec.version);
  if (versions.length === 0) return { reason: 'MODEL_NOT_FOUND', field: 'model', message: noModel(known, model) };
  const message = `Model "${shown(model)}" has no version ${shown(version)}. Known: ${shownList(versions)}`;
  return { reason: 'MODEL_NOT_FOUND', field: 'version', message };
}

function noModel(known: KnownModels, model: string): string {
  const names = [...new Set(known.registry.models.map((spec) => spec.name))];
  if (names.length === 0) return `There is no model "${shown(model)}": none is known yet. Start a worker`;
  return `There is no model "${shown(model)}".${didYouMean(model, names)} Known: ${shownList(names)}`;
}

/**
 * For a model that no live executor has, though a live worker was to serve it: its tasks would wait for somebody to fix it. With an
 * empty `version`, any version counts. Undefined where no worker tells of a failure.
 */
export function failedModel(known: KnownModels, model: string, version: string): UnknownModel | undefined {
  const failures = known.failures(model).filter((failure) => version === '' || failure.version === version || failure.version === '');
  const [newest, ...others] = failures.toSorted((one, other) => Number(other.version) - Number(one.version));
  if (!newest) return undefined;
  const workers = others.filter((other) => other.version === newest.version).length;
  const more = workers > 0 ? ` (and on ${workers} more)` : '';
  const message = `Model "${shown(modelLabel(newest))}" could not be loaded on worker ${shown(newest.worker)}${more}: ${newest.reason}`;
  return { reason: 'MODEL_FAILED', field: 'model', message };
}
