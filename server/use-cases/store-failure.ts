/** Redis that cannot be reached is an everyday answer for clients, and nothing else may pass for it. */

import { type Outcome, type Refusal, refused } from '@inferq/core/refusal.ts';
import { WatchBroken } from '../broker.ts';

/** A call to the store threw. */
export class StoreFailure extends Error {}

/** `store` with every method's failure turned into a StoreFailure, after `report` was told of it. */
export function markFailures<T extends object>(store: T, report: (error: unknown) => void): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]) => {
        try {
          return await member.apply(target, given);
        } catch (cause) {
          report(cause);
          throw new StoreFailure('the task store cannot be reached', { cause });
        }
      };
    },
  });
}

export const storeUnavailable: Refusal = {
  reason: 'STORE_UNAVAILABLE',
  message: 'The task store cannot be reached; try again',
  violations: [],
  retryAfterMs: 1_000,
};

export const shuttingDown: Refusal = {
  reason: 'SHUTTING_DOWN',
  message: 'This server is stopping; retry, on another server if there is one',
  violations: [],
  retryAfterMs: 1_000,
};

/** What `work` answers, with the failures that clients are told of as refusals; others are thrown on. */
export async function answering<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    return { ok: false, refusal: refusalOf(error) };
  }
}

/** The refusal that a thrown error stands for; throws it on where it stands for none. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof StoreFailure) return storeUnavailable;
  if (error instanceof WatchBroken) return error.refusal;
  throw error;
}

/** A request that is wrong in one field. */
export function wrongField(field: string, description: string): { ok: false; refusal: Refusal } {
  return refused('INVALID_REQUEST', `${field}: ${description}`, { violations: [{ field, description }] });
}
