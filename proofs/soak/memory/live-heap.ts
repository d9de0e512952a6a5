/** What lives in a process after its last collection: one file for each of its threads, in the folder that the environment names. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const variable = 'INFERQ_LIVE_HEAPS';

/** Lets this process, and those that it starts, note what lives in them. */
export function noteLiveHeaps(folder: string): void {
  process.env[variable] = folder;
}

/** The file of a thread; undefined before anybody asks for notes. */
export function noteOf(pid: number, thread: number): string | undefined {
  const folder = process.env[variable];
  return folder && join(folder, `${pid}-${thread}`);
}

/** Bytes that live in all threads of a process; undefined where it has noted nothing yet, or notes it just now. */
export function liveBytes(pid: number): number | undefined {
  const folder = process.env[variable];
  if (!folder) return undefined;
  const notes = readdirSync(folder).filter((name) => name.startsWith(`${pid}-`));
  const values = notes.map((name) => Number(readFileSync(join(folder, name), 'utf8')));
  return values.length > 0 && values.every((value) => value > 0) ? values.reduce((sum, value) => sum + value) : undefined;
}
