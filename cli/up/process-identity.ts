/** Tells one process from a later one that got the same number: by the moment it started. Read from /proc, where there is one. */

import { readFileSync } from 'node:fs';

/** `start` is the kernel's boot id and the start time in clock ticks since that boot; empty where there is no /proc. */
export interface ProcessIdentity {
  pid: number;
  start: string;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field, the program's name, may hold blanks and parentheses: count from its end. Field 3 is the state, 22 the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie runs nothing any more.
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${fields[19] ?? ''}`;
}

/** Who runs under `pid` now. */
export function identify(pid: number): ProcessIdentity {
  return { pid, start: startOf(pid) ?? '' };
}

/** Whether exactly this process still runs. */
export function isRunning(process_: ProcessIdentity): boolean {
  if (read('/proc/self/stat') !== undefined) return startOf(process_.pid) === process_.start;
  try {
    process.kill(process_.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The identity that `formatIdentity` wrote, or undefined where the text is something else. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const found = /^([1-9]\d{0,9}) (\S*)\n?$/.exec(text);
  return found ? { pid: Number(found[1]), start: found[2] ?? '' } : undefined;
}

export function formatIdentity(process_: ProcessIdentity): string {
  return `${process_.pid} ${process_.start}\n`;
}

/** Waits until the process has ended or `limitMs` has passed; tells whether it has ended. */
export async function ended(process_: ProcessIdentity, limitMs: number): Promise<boolean> {
  const limit = Date.now() + limitMs;
  while (isRunning(process_)) {
    if (Date.now() > limit) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
