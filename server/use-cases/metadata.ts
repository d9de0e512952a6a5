/** How a submitter's metadata lies in its task: JSON in UTF-8, opaque to the queue. */

/** The stored form; undefined where there is none to store. */
export function encodeMetadata(metadata: Readonly<Record<string, string>>): Uint8Array | undefined {
  return Object.keys(metadata).length === 0 ? undefined : new TextEncoder().encode(JSON.stringify(metadata));
}

/** What was submitted, from `TaskSnapshot.metadata`. Throws where the bytes are not what `encodeMetadata` wrote. */
export function decodeMetadata(stored: Uint8Array | undefined): Record<string, string> {
  return stored === undefined ? {} : (JSON.parse(new TextDecoder().decode(stored)) as Record<string, string>);
}
