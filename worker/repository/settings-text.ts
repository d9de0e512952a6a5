/** The text of a small file that people write: model.yaml, or a list of labels. */

import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { lookAt, unreadable } from './look-at.ts';

/** Why there is no text; completes a sentence that begins with the file. */
export type NoText = { problem: string };

/** Reads a file of UTF-8 text of at most `mostBytes`; undefined where there is none. */
export async function readSmallText(file: string, mostBytes: number): Promise<{ text: string } | NoText | undefined> {
  const found = await lookAt(file);
  if (found.kind === 'nothing') return undefined;
  if (found.kind === 'unusable') return { problem: found.why };
  if (found.kind === 'folder') return { problem: 'is a folder, not a file' };
  if (found.stats.size > mostBytes) return { problem: `has ${found.stats.size} bytes; at most ${mostBytes} are allowed` };
  try {
    const bytes = await readFile(file);
    return isUtf8(bytes) ? { text: bytes.toString() } : { problem: notUtf8(bytes) };
  } catch (error) {
    return { problem: unreadable(error) };
  }
}

/** Names the line: in a long file one wrong letter is hard to find. */
function notUtf8(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') return 'is UTF-16 text; save it as UTF-8';
  const lines = bytes.toString('latin1').split('\n');
  return `line ${lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1'))) + 1}: is not UTF-8 text; save the file as UTF-8`;
}
