/** The one comparison: its failure says what was found and what the oracle believes, also where only the message is shown. */

import { isDeepStrictEqual } from 'node:util';

/** Throws where the two differ; `what` names them. */
export function agree(found: unknown, believed: unknown, what: string): void {
  if (isDeepStrictEqual(found, believed)) return;
  throw new Error(`${what}\n  found:    ${JSON.stringify(found)}\n  believed: ${JSON.stringify(believed)}`);
}
