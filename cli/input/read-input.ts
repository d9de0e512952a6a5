/** What `--input` names. */

import { readFileSync } from 'node:fs';
import { wrongUsage } from '../failure.ts';

/** The text of a file, or of standard input for `-`, and what to call it. Throws a Failure where there is no text. */
export function readInput(file: string): { name: string; text: string } {
  const name = file === '-' ? 'Standard input' : `--input ${file}`;
  const bytes = readBytes(name, file);
  if (bytes.length === 0) throw wrongUsage(`${name} is empty: it must be JSON, such as [[0.1, 0.2]].`);
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    throw wrongUsage(`${name} is not text in UTF-8: it must be JSON, such as [[0.1, 0.2]].`);
  }
}

function readBytes(name: string, file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw wrongUsage(`${name} cannot be read: ${reasonOf(error as NodeJS.ErrnoException)}.`);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder, not a file';
    case 'EACCES':
      return 'this user may not read it';
    default:
      return message;
  }
}
