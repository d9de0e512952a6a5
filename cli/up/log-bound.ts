/** Keeps the logs of `inferq up` from filling the disk: of each there is at most what it holds now and what it held before. */

import { closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const MiB = 2 ** 20;

export const largestLogBytes = 16 * MiB;
const lookEveryMs = 5_000;

/** Where a log's earlier lines are. */
export function earlier(log: string): string {
  return `${log}.1`;
}

/**
 * Looks at the logs now and every few seconds: one that has grown over the limit is moved aside, over the one moved before. Returns
 * how to stop. `say` gets a sentence where a log cannot be moved, once until it can.
 */
export function boundLogs(logs: readonly string[], say: (line: string) => void, largestBytes: number = largestLogBytes): () => void {
  const stuck = new Set<string>();
  const look = (): void => {
    for (const log of logs) {
      try {
        if (sizeOf(log) > largestBytes) moveAside(log);
        stuck.delete(log);
      } catch (error) {
        if (!stuck.has(log)) say(`${log} cannot be moved to ${earlier(log)} and goes on growing: ${(error as Error).message}.`);
        stuck.add(log);
      }
    }
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  return () => clearInterval(timer);
}

function sizeOf(log: string): number {
  return statSync(log, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Copies a log and empties it, because those who write to it keep it open: they append, and so go on at its new end. A line written
 * between the last look at its size and the emptying, some microseconds, is lost.
 */
function moveAside(log: string): void {
  copyFileSync(log, earlier(log));
  const from = openSync(log, 'r+');
  const to = openSync(earlier(log), 'r+');
  try {
    const copied = fstatSync(to).size;
    const rest = Buffer.alloc(fstatSync(from).size - copied);
    readSync(from, rest, 0, rest.length, copied);
    writeSync(to, rest, 0, rest.length, copied);
    ftruncateSync(from);
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
