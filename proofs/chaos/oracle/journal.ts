/** What the model noted: which process ran which attempt, and what it answered. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Run {
  tag: number;
  attempt: number;
  pid: number;
  startedAt: number;
  /** Undefined where it never answered. */
  nonce?: number;
  answeredAt?: number;
}

/** All runs by task. */
export function readJournal(folder: string): Map<number, Run[]> {
  const runs = new Map<number, Run[]>();
  for (const file of readdirSync(folder)) {
    const pid = Number(file.split('.')[0]);
    const open = new Map<string, Run>();
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const [what, tag, attempt, nonce, at] = line.split(' ');
      // A process that was killed may have left half a line; warming up has tag 0.
      if (at === undefined || Number(tag) === 0) continue;
      if (what === 'started') {
        const run = { tag: Number(tag), attempt: Number(attempt), pid, startedAt: Number(at) };
        open.set(`${tag} ${attempt}`, run);
        runs.set(run.tag, [...(runs.get(run.tag) ?? []), run]);
      } else {
        Object.assign(open.get(`${tag} ${attempt}`) ?? {}, { nonce: Number(nonce), answeredAt: Number(at) });
      }
    }
  }
  return runs;
}
