/** What clients are told where a call to the task store fails. Its own words stay in the log: they may name keys and users. */

import { type Outcome, type Refusal, refused } from '@inferq/core/refusal.ts';
import { StoreError } from '@inferq/core/store-error.ts';
import { WatchBroken } from '../broker.ts';

function storeRefusal({ kind, code, logId }: StoreError): Refusal {
  const retryAfterMs = 1_000;
  switch (kind) {
    case 'away':
      return { reason: 'STORE_UNAVAILABLE', message: 'The task store cannot be reached; try again', violations: [], retryAfterMs };
    case 'refusing': {
      const message = `The task store refuses to work (${code}), and an operator may have to act: the server's log says why; try again`;
      return { reason: 'STORE_REFUSING', message, violations: [], retryAfterMs };
    }
    case 'fault':
      return { reason: 'STORE_FAULT', message: `The task store failed unexpectedly, reported as ${logId}`, violations: [] };
  }
}

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
  if (error instanceof StoreError) return storeRefusal(error);
  if (error instanceof WatchBroken) return error.refusal;
  throw error;
}

/** A request that is wrong in one field. */
export function wrongField(field: string, description: string): { ok: false; refusal: Refusal } {
  return refused('INVALID_REQUEST', `${field}: ${description}`, { violations: [{ field, description }] });
}
