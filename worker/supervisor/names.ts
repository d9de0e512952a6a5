/** Names of workers and executors. */

import { isName, nameRule, shown } from '@inferq/core/names.ts';
import { UsageError } from '../usage-error.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
/** Leaves room for what executors' names add. */
const maxWorkerName = 48;

/** The name that was asked for. Throws UsageError where it breaks the rule. */
export function checkedWorkerName(name: string): string {
  if (isName(name) && name.length <= maxWorkerName) return name;
  throw new UsageError(`"${shown(name)}" is not a valid worker name; a name is ${nameRule}, and a worker's has at most ${maxWorkerName}.`);
}

/** `<hostname>-<pid>`, made to fit the rule. */
export function defaultWorkerName(host: string, pid: number): string {
  const tail = `-${pid}`;
  const head = host.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, maxWorkerName - tail.length);
  return `${head || 'worker'}${tail}`;
}

/** The same name with a random tail, as it fits the rule. `random` gives at least 5 bytes. */
export function variedName(name: string, random: Uint8Array): string {
  const tail = `-${letters(random.subarray(0, 5))}`;
  return `${name.slice(0, maxWorkerName - tail.length)}${tail}`;
}

/** A name that no other start of an executor has. `random` gives at least 8 bytes. */
export function executorName(worker: string, slot: number, random: Uint8Array): string {
  return `${worker}-${slot}-${letters(random.subarray(0, 8))}`;
}

function letters(random: Uint8Array): string {
  return Array.from(random, (byte) => alphabet[byte & 31]).join('');
}
