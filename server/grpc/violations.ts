/** Requests that could not be read in full. */

import type { Outcome, Violation } from '@inferq/core/refusal.ts';
import { granted, refused } from '@inferq/core/refusal.ts';

/** What `read` returns, or a refusal with every violation that it collected. */
export function readRequest<T>(read: (violations: Violation[]) => T): Outcome<T> {
  const violations: Violation[] = [];
  const value = read(violations);
  const [first] = violations;
  if (first === undefined) return granted(value);
  const message =
    violations.length === 1 ? `${first.field}: ${first.description}` : `${violations.length} fields of the request are not valid`;
  return refused('INVALID_REQUEST', message, { violations });
}
