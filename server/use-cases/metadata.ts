/** How a submitter's metadata lies in its task: JSON in UTF-8, opaque to the queue. */

import { dictionary } from '@inferq/core/dictionary.ts';

/** The stored form; undefined where there is none to store. */
export function encodeMetadata(metadata: ReadonlyMap<string, string>): Uint8Array | undefined {
  return metadata.size === 0 ? undefined : new TextEncoder().encode(JSON.stringify(dictionary(metadata)));
}

/** What was submitted, from `TaskSnapshot.metadata`. Throws where the bytes are not what `encodeMetadata` wrote. */
export function decodeMetadata(stored: Uint8Array | undefined): Map<string, string> {
  return new Map(stored === undefined ? [] : Object.entries<string>(JSON.parse(new TextDecoder().decode(stored))));
}
