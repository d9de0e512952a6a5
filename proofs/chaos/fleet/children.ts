/** The processes of a run: who belongs to whom, and who is left over. Reads /proc. */

import { readFileSync } from 'node:fs';
import { identify, isRunning, type ProcessIdentity } from '@inferq/cli/up/process-identity.ts';

/** The children that `pid` has now. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended: there is nobody left to signal.
  }
}

/** Every process that was ever seen, so that none outlives the run unseen. */
export class Census {
  readonly #seen = new Map<string, ProcessIdentity>();

  note(pids: readonly number[]): void {
    for (const pid of pids) {
      const found = identify(pid);
      if (found.start !== '') this.#seen.set(`${pid} ${found.start}`, found);
    }
  }

  get count(): number {
    return this.#seen.size;
  }

  /** Who still runs. */
  running(): number[] {
    return [...this.#seen.values()].filter(isRunning).map(({ pid }) => pid);
  }
}
