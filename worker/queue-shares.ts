/** Which queues a worker serves: `realtime,default:2,batch:1`. */

import { defaults } from '@inferq/core/limits.ts';
import { isName, nameRule, shown } from '@inferq/core/names.ts';
import { UsageError } from './usage-error.ts';

/** Weight 0: served strictly before what follows. Neighbours with weights share by them. */
export interface QueueShare {
  queue: string;
  weight: number;
}

const maxWeight = 1_000;

/** Reads `--queues`. Throws UsageError where the text is not a list of queues, each once, with weights of 1 to 1000. */
export function parseQueues(text: string): QueueShare[] {
  const shares = text.split(',').map((part) => parseShare(part.trim()));
  for (const [index, { queue }] of shares.entries()) {
    if (shares.findIndex((share) => share.queue === queue) !== index)
      throw new UsageError(`--queues names "${queue}" twice; name each queue once.`);
  }
  return shares;
}

function parseShare(part: string): QueueShare {
  const colon = part.indexOf(':');
  const queue = colon < 0 ? part : part.slice(0, colon);
  if (!isName(queue)) throw new UsageError(`--queues: "${shown(queue)}" is not a valid queue name; a name is ${nameRule}.`);
  if (colon < 0) return { queue, weight: 0 };
  const digits = part.slice(colon + 1);
  const weight = /^[0-9]{1,4}$/.test(digits) ? Number(digits) : 0;
  if (weight < 1 || weight > maxWeight) {
    throw new UsageError(`--queues: the weight "${shown(digits)}" of "${queue}" must be a whole number from 1 to ${maxWeight}.`);
  }
  return { queue, weight };
}

/** What a worker serves that was not told: the queues that always exist, then those that its models name, strictly in that order. */
export function defaultShares(modelQueues: readonly string[]): QueueShare[] {
  return [...new Set([...defaults.queues, ...modelQueues])].map((queue) => ({ queue, weight: 0 }));
}
