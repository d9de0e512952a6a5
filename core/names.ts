/** Names of queues, models, workers and tensors: safe inside Redis keys, file names and logs. */

import { dotted } from './plain-text.ts';

const name = /^[A-Za-z0-9_.-]{1,64}$/;

export const nameRule = '1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-"';

/** Whether `text` follows the name rule. */
export function isName(text: string): boolean {
  return name.test(text);
}

/** `NAME:VERSION`, or the name alone where a model has no valid version. */
export function modelLabel({ name, version }: { name: string; version: string }): string {
  return version === '' ? name : `${name}:${version}`;
}

/** A version is a positive integer without leading zeros, at most 9 digits. */
export function isVersion(text: string): boolean {
  return /^[1-9][0-9]{0,8}$/.test(text);
}

/** `text` fit for a message: control characters shown as dots, at most 64 characters. */
export function shown(text: string): string {
  // Cut first: a hostile name may have megabytes.
  const clean = dotted(text.slice(0, 65));
  return clean.length <= 64 ? clean : `${clean.slice(0, 61)}...`;
}

/** A list for people: at most 20 names, each cut, then "and N more". */
export function shownList(names: readonly string[]): string {
  const head = names.slice(0, 20).map(shown).join(', ');
  return names.length > 20 ? `${head} and ${names.length - 20} more` : head;
}
