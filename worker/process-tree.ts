/**
 * Ends the processes that handlers start. Those are in the process group of their executor, which leads one of its own; what has left
 * that group (a daemon, a detached child) is recognized by a mark in its environment, where the system shows that (Linux).
 */

import { readdirSync, readFileSync } from 'node:fs';

const mark = 'INFERQ_EXECUTOR';
/** A process may start another one while they are looked for. */
const mostRounds = 5;

/** The environment of an executor, or of another process that runs handlers. `name` is unique for each start. */
export function markedEnvironment(name: string): NodeJS.ProcessEnv {
  return { ...process.env, [mark]: name };
}

/** Kills all that the ended process with this name and pid has started. */
export function killLeftovers(name: string, pid: number | undefined): void {
  if (pid !== undefined) kill(-pid);
  // Looking takes some milliseconds: what follows from the end of the process goes first.
  setImmediate(() => {
    for (let round = 0; round < mostRounds; round++) {
      const marked = markedProcesses(name);
      if (marked.length === 0) return;
      for (const other of marked) kill(other);
    }
  });
}

/** Kills this process, which leads a group and has a marked environment, and all that it has started. */
export function killOwnTree(): void {
  for (const other of markedProcesses(process.env[mark] ?? '')) kill(other);
  kill(-process.pid);
}

/** Others that carry the mark. A process that may not be looked at belongs to another user, and is none of ours. */
function markedProcesses(name: string): number[] {
  if (name === '') return [];
  const wanted = `${mark}=${name}\0`;
  return processes().filter((pid) => pid !== process.pid && environment(pid).includes(wanted));
}

function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

/** `target` is a pid, or minus that of a group's leader. One that has ended already, or is not ours, is left alone. */
function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL');
  } catch {
    // ESRCH or EPERM; there are no other errors.
  }
}
