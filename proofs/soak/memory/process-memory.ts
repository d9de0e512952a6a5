/** What a process occupies. Reads /proc. */

import { readFileSync } from 'node:fs';

/** Bytes of physical memory, or undefined where the process has ended. */
export function residentBytes(pid: number): number | undefined {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Number(found[1]) * 1_024 : undefined;
  } catch {
    return undefined;
  }
}
