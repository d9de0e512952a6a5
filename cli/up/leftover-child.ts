/** Waits for a server or worker of an `up` that was killed: they end by themselves when their parent is gone. */

import { readFileSync, rmSync } from 'node:fs';
import type { DataFolder } from './data-folder.ts';
import { ended, parseIdentity } from './process-identity.ts';

const patienceMs = 15_000;

/** Resolves when no such child of an earlier `up` runs any more; one that takes too long is killed. Tells whether there was one. */
export async function awaitLeftoverChild(name: string, folder: DataFolder): Promise<boolean> {
  let text: string;
  try {
    text = readFileSync(folder.pidFile(name), 'utf8');
  } catch {
    return false;
  }
  const left = parseIdentity(text);
  rmSync(folder.pidFile(name), { force: true });
  if (!left || (await ended(left, 0))) return false;
  if (!(await ended(left, patienceMs))) process.kill(-left.pid, 'SIGKILL');
  return true;
}
