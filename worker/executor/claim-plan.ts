/** What a free executor may take, by the rules of batching. Pure. */

import { limits } from '@inferq/core/limits.ts';
import type { ClaimedTask, ClaimRequest, PoolName } from '@inferq/queue/queue.ts';
import type { LoadedModel, ModelRef } from '../engine.ts';
import { modelKey } from './ledger.ts';

/** How one loaded model batches. `maxRows` is at least 1. */
export interface BatchRule {
  ref: ModelRef;
  key: string;
  maxRows: number;
  continuous: boolean;
  lingerMs: number;
  hardLimitMs: number;
}

/** A model without a batch dimension takes one task at a time. */
export function batchRuleOf({ spec, continuous, lingerMs }: LoadedModel): BatchRule {
  const ref = { name: spec.name, version: spec.version };
  return {
    ref,
    key: modelKey(spec.name, spec.version),
    maxRows: Math.max(1, spec.maxBatchSize),
    continuous,
    lingerMs,
    hardLimitMs: spec.hardLimitMs,
  };
}

export interface Situation {
  rules: readonly BatchRule[];
  /** Rows that continuous models have in hand, by model key. */
  steppingRows: ReadonlyMap<string, number>;
  /** A batch runs: how long it is predicted to take, and what of that is left, where that can be told. */
  run?: { predictedMs: number | undefined; leftMs: number | undefined };
  /** The last claim left something behind. */
  more: boolean;
  /** A batch of this model waits for more rows. */
  lingering?: { key: string; rows: number };
  roundTripMs: number | undefined;
  /** Nothing is held at all. */
  idle: boolean;
  /** It is time to look for tasks that must run alone although others run. */
  soloDue: boolean;
}

export interface Offer {
  capacities: { rule: BatchRule; maxRows: number }[];
  waitForBell: boolean;
  /** With it, what is submitted next may be handed over. */
  handOver: boolean;
  solo: boolean;
}

/** Two round trips: what a claim ahead of a running batch's end is worth. */
export function claimAheadMs(roundTripMs: number | undefined): number {
  return 2 * (roundTripMs ?? 0);
}

/** What to claim now, or undefined for nothing. */
export function offerFor(situation: Situation): Offer | undefined {
  const { rules, steppingRows, run, lingering, more, roundTripMs, idle, soloDue } = situation;
  if (lingering) {
    const rule = rules.find(({ key }) => key === lingering.key);
    const maxRows = (rule?.maxRows ?? 0) - lingering.rows;
    return rule && maxRows > 0 ? { capacities: [{ rule, maxRows }], waitForBell: true, handOver: false, solo: false } : undefined;
  }
  const free = rules
    .map((rule) => ({ rule, maxRows: rule.maxRows - (rule.continuous ? (steppingRows.get(rule.key) ?? 0) : 0) }))
    .filter(({ maxRows }) => maxRows > 0);
  if (run) {
    const aheadMs = claimAheadMs(roundTripMs);
    // A short run began just behind the last claim, which has told whether another one is worth its round trip.
    const worthwhile = more || (run.predictedMs ?? 0) > aheadMs;
    const soon = run.leftMs !== undefined && run.leftMs <= aheadMs;
    return soon && worthwhile && steppingRows.size === 0
      ? { capacities: free, waitForBell: false, handOver: false, solo: soloDue }
      : undefined;
  }
  return free.length > 0 ? { capacities: free, waitForBell: true, handOver: idle, solo: idle || soloDue } : undefined;
}

/** Whether an offer that found nothing, with the bell set, already answers for this one. */
export function covers(slept: Offer, offer: Offer): boolean {
  const keys = new Set(slept.capacities.map(({ rule }) => rule.key));
  return (slept.solo || !offer.solo) && (slept.handOver || !offer.handOver) && offer.capacities.every(({ rule }) => keys.has(rule.key));
}

/** The request for an offer, its queues in the order given. */
export function claimRequest(
  who: Pick<ClaimRequest, 'executor' | 'worker' | 'device' | 'handOvers'>,
  offer: Offer,
  order: readonly string[],
): ClaimRequest {
  const queues = order.map((queue) =>
    offer.capacities.map(({ rule, maxRows }) => ({
      queue,
      model: rule.ref.name,
      version: rule.ref.version,
      maxTasks: Math.min(maxRows, limits.itemsPerCall),
      maxRows,
    })),
  );
  return { ...who, queues, maxBytes: limits.batchBytes, waitForBell: offer.waitForBell, solo: offer.solo };
}

/** Rows of a batch. */
export function rowsOf(tasks: readonly ClaimedTask[]): number {
  return tasks.reduce((rows, task) => rows + task.rows, 0);
}

/**
 * How many milliseconds a batch that was just claimed waits for more rows: counted from when its oldest task was queued, and
 * cut by the earliest start deadline.
 */
export function lingerLeftMs(tasks: readonly ClaimedTask[], lingerMs: number): number {
  const left = tasks.map((task) => Math.min(lingerMs - task.queuedMs, (task.startDeadline ?? Number.POSITIVE_INFINITY) - task.startedAt));
  return Math.max(0, Math.min(...left));
}

/** Whether two tasks may share one run. */
export function mayShareRun(a: { pool: PoolName; signature: string }, b: { pool: PoolName; signature: string }): boolean {
  return a.pool.model === b.pool.model && a.pool.version === b.pool.version && a.signature === b.signature;
}
