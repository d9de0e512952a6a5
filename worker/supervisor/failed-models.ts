/** What a worker tells of the models that it does not serve. */

import type { FailedModel } from '@inferq/core/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import { oneLine } from '@inferq/core/plain-text.ts';

const mostCharacters = 500;

/** What failed on one device. */
export interface DeviceFailures {
  device: string;
  failed: readonly FailedModel[];
}

/**
 * `broken` could not even be tried. What failed on every device in the same way is told once; of what failed only here or differently
 * there, the reason names the device.
 */
export function failedModels(broken: readonly FailedModel[], devices: readonly DeviceFailures[]): FailedModel[] {
  const everywhere = (failure: FailedModel) => devices.every(({ failed }) => failed.some((other) => isSame(failure, other)));
  const told = devices.flatMap(({ device, failed }) =>
    failed.map((failure) => (everywhere(failure) ? failure : { ...failure, reason: `on ${device}: ${failure.reason}` })),
  );
  const once = told.filter((failure, index) => told.findIndex((other) => isSame(failure, other)) === index);
  return [...broken, ...once].map((failure) => ({ ...failure, reason: shortened(failure.reason) }));
}

/** Servers read what workers announce every second: the log has the rest. */
function shortened(reason: string): string {
  const line = oneLine(reason);
  return line.length <= mostCharacters ? line : `${line.slice(0, mostCharacters - 3).toWellFormed()}...`;
}

function isSame(one: FailedModel, other: FailedModel): boolean {
  return one.name === other.name && one.version === other.version && one.reason === other.reason;
}

/** Of some failures, the first in a sentence, and how many more there are; undefined where there are none. */
export function failureSentence([first, ...others]: readonly FailedModel[]): string | undefined {
  if (!first) return undefined;
  const more = others.length > 0 ? ` (and ${others.length} more; \`inferq models check\` lists them)` : '';
  return `${modelLabel(first)} cannot be loaded: ${first.reason}${more}`;
}
