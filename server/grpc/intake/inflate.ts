/** Unpacks compressed messages, no further than a message may be large. */

import { createGunzip, createInflate } from 'node:zlib';
import type { Obstacle } from './assembler.ts';
import type { Hold } from './hold.ts';

export type Compression = 'gzip' | 'deflate';

export function isCompression(encoding: string): encoding is Compression {
  return encoding === 'gzip' || encoding === 'deflate';
}

/** The bytes that were packed, counted while they come out; or why they are not taken. */
export async function inflate(packed: Uint8Array, compression: Compression, mostBytes: number, hold: Hold): Promise<Buffer | Obstacle> {
  const unpacking = compression === 'gzip' ? createGunzip() : createInflate();
  const parts: Buffer[] = [];
  let bytes = 0;
  unpacking.end(packed);
  try {
    for await (const part of unpacking) {
      bytes += part.length;
      if (bytes > mostBytes) return { kind: 'tooLarge' };
      const full = hold.grow(bytes);
      if (full !== undefined) return { kind: 'full', whose: full };
      parts.push(part);
    }
  } catch (error) {
    return { kind: 'corrupt', why: `it cannot be unpacked as ${compression}: ${(error as Error).message}` };
  } finally {
    unpacking.destroy();
  }
  const message = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) at += part.copy(message, at);
  hold.keep(message.buffer);
  return message;
}
