/**
 * The order in which a claim walks its queues. Queues without a weight come strictly in their place; neighbours with weights
 * share by rows served, by stride scheduling: a queue's pass rises by rows / weight, and the lowest pass comes first.
 */

import type { QueueShare } from '../queue-shares.ts';

/** How far each weighted queue has been served. */
export type Passes = ReadonlyMap<string, number>;

/** Neighbours with weights are one group; a queue without is a group of its own. */
function groupsOf(shares: readonly QueueShare[]): QueueShare[][] {
  const groups: QueueShare[][] = [];
  for (const share of shares) {
    const last = groups.at(-1);
    if (share.weight > 0 && last?.[0] && last[0].weight > 0) last.push(share);
    else groups.push([share]);
  }
  return groups;
}

/** The queues in the order for the next claim. */
export function orderQueues(shares: readonly QueueShare[], passes: Passes): string[] {
  const pass = (share: QueueShare) => passes.get(share.queue) ?? 0;
  return groupsOf(shares).flatMap((group) => group.toSorted((a, b) => pass(a) - pass(b)).map((share) => share.queue));
}

/**
 * The passes after `rows` came from `served`. `order` is the one the claim walked: queues of the group that it found empty on
 * its way lose the turns they did not use, so that a queue which was idle for long does not shut out the others afterwards.
 */
export function chargeQueue(shares: readonly QueueShare[], passes: Passes, order: readonly string[], served: string, rows: number): Passes {
  const group = groupsOf(shares).find((members) => members.some((share) => share.queue === served)) ?? [];
  const weight = group.find((share) => share.queue === served)?.weight ?? 0;
  if (weight === 0) return passes;
  const start = passes.get(served) ?? 0;
  const after = new Map(passes).set(served, start + rows / weight);
  for (const { queue } of group) {
    if (queue !== served && order.indexOf(queue) < order.indexOf(served)) after.set(queue, Math.max(after.get(queue) ?? 0, start));
  }
  return after;
}
