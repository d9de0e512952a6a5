/** What `inferq up` runs: each part is one process with the same shape, and is started again when it ends by itself. */

import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** One started process. */
export interface Part {
  /** Resolves when it does its work, with where it listens; rejects with a Failure where it ends before. */
  ready: Promise<string>;
  /** Resolves when the process has ended, with how ("exit code 1", "SIGKILL"). */
  ended: Promise<string>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** How a child process ended, as words. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** SIGTERM, then SIGKILL to its whole process group where it takes longer than `limitMs`. */
export async function stopChild(child: ChildProcess, ended: Promise<string>, limitMs: number): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child), limitMs);
  await ended;
  clearTimeout(timer);
}

/** SIGKILL to the process group that a detached child leads. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A part that worked this long starts again as after its first end. */
const steadyMs = 60_000;

/** A part that is kept running. */
export interface KeptPart {
  /** Of the first start: a part that cannot start once is not started again. */
  ready: Promise<string>;
  stop(): Promise<void>;
  kill(): void;
}

/** Starts a part and starts it again, with growing pauses, whenever it ends by itself; `say` gets a line each time. */
export function keepRunning(name: string, start: () => Part, say: (line: string) => void): KeptPart {
  const stopping = new AbortController();
  let part = start();
  const { ready } = part;

  const loop = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    let readyAt = await ready.then(() => Date.now());
    while (!stopping.signal.aborted) {
      const how = await part.ended;
      if (stopping.signal.aborted) return;
      if (Date.now() - readyAt > steadyMs) pauseMs = firstPauseMs;
      say(`The ${name} ended by itself (${how}): starting it again in ${pauseMs / 1_000} s.`);
      await delay(pauseMs, undefined, { signal: stopping.signal });
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      part = start();
      const started = await part.ready.then(
        () => undefined,
        (error: Error) => error.message,
      );
      readyAt = Date.now();
      if (!stopping.signal.aborted) say(started ?? `The ${name} is back.`);
    }
  };
  // Ends by the stop signal, or with the first start's failure, which `ready` tells.
  const done = loop().catch(() => {});

  return {
    ready,
    stop: async () => {
      stopping.abort();
      await part.stop();
      await done;
    },
    kill: () => part.kill(),
  };
}
