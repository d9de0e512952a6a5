/** Durations as options take them. */

import { durationRule, parseDuration as parse } from '@inferq/core/duration.ts';
import { wrongUsage } from '../failure.ts';

/** Milliseconds. `option` is named in the Failure thrown for what is not a duration. */
export function parseDuration(option: string, text: string): number {
  const ms = parse(text);
  if (ms === undefined) throw wrongUsage(`${option} takes ${durationRule}, not "${text}".`);
  return ms;
}
