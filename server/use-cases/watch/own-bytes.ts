/** Bytes that keep nothing else in memory: those that come from the store are views of whole replies, which may wait for a slow reader. */

import type { ChunkRecord, TaskSnapshot } from '@inferq/core/task.ts';

/** A chunk that holds its payload and nothing more. */
export function ownChunk(chunk: ChunkRecord): ChunkRecord {
  return isSmallPart(chunk.payload) ? { ...chunk, payload: new Uint8Array(chunk.payload) } : chunk;
}

/** A snapshot that holds its output and metadata and nothing more. */
export function ownSnapshot(snapshot: TaskSnapshot): TaskSnapshot {
  const { output, metadata } = snapshot;
  if (!isSmallPart(output) && !isSmallPart(metadata)) return snapshot;
  return { ...snapshot, ...(output && { output: new Uint8Array(output) }), ...(metadata && { metadata: new Uint8Array(metadata) }) };
}

function isSmallPart(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && bytes.buffer.byteLength > 2 * bytes.byteLength;
}
