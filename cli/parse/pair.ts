/** NAME=VALUE, as options that may be given several times take it. */

import { wrongUsage } from '../failure.ts';

/** Splits at the first "=". `option` is named in the Failure thrown where there is none, or no name before it. */
export function parsePair(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw wrongUsage(`${option} takes NAME=VALUE, not "${text}".`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** All pairs by name. Throws a Failure where a name comes twice. */
export function parsePairs(option: string, texts: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const [name, value] = parsePair(option, text);
    if (pairs.has(name)) throw wrongUsage(`${option} names "${name}" twice: give it once.`);
    pairs.set(name, value);
  }
  return pairs;
}
