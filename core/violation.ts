/** Builds the violations of a request: short enough that twenty of them fit in the trailers of a call. */

import type { Violation } from './refusal.ts';

const longest = 199;

/** How many violations of a request are told; the others are counted. */
export const violationsTold = 20;

/** How many unknown names beyond the known ones are still told one by one: a request of millions gets one violation instead. */
export const surplusTold = 100;

/** A violation whose description is cut to fewer than 200 characters. */
export function violation(field: string, description: string): Violation {
  if (description.length <= longest) return { field, description };
  return { field, description: `${description.slice(0, longest - 3).toWellFormed()}...` };
}
