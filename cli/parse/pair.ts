/** NAME=VALUE, as options that may be given several times take it. */

import { wrongUsage } from '../failure.ts';

/**
 * Values by name, split at the first "=". `option` is named in the Failure thrown where there is none, no name before it, or a
 * name that comes twice.
 */
export function parsePairs(option: string, texts: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw wrongUsage(`${option} takes NAME=VALUE, not "${text}".`);
    const name = text.slice(0, at);
    if (pairs.has(name)) throw wrongUsage(`${option} names "${name}" twice: give it once.`);
    pairs.set(name, text.slice(at + 1));
  }
  return pairs;
}
