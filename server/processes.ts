/** Several server processes behind one address. Each takes connections in turn; one that ends by itself is replaced. */

import cluster, { type Worker } from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { Signals } from './signals.ts';

const shortestPauseMs = 500;
const longestPauseMs = 30_000;
/** Who has served so long may be replaced at once. */
const steadyMs = 60_000;

interface Serving {
  kind: 'serving';
  address: string;
}

/** Tells the process that started this one, if it is one of several, that it serves. */
export function tellServing(address: string): void {
  cluster.worker?.send({ kind: 'serving', address } satisfies Serving);
}

/** Whether this process is to run the others, where several are asked for. */
export function runsOthers(processes: number): boolean {
  return processes > 1 && cluster.isPrimary;
}

/**
 * Runs so many processes with this one's own command line until told to stop, and passes requests to reload on; resolves to the exit
 * code. The first starts alone: what is wrong with the options is then said once, and its exit code is ours.
 */
export async function runProcesses(count: number, signals: Signals, log: Log, onReady?: (address: string) => void): Promise<number> {
  const told = signals.stop;
  const running = new Map<Worker, Promise<string>>();
  const start = () => {
    const child = cluster.fork();
    const serving = addressOf(child);
    running.set(child, serving);
    const ended = new Promise<number>((resolve) => {
      child.once('exit', (code) => {
        running.delete(child);
        resolve(code ?? 1);
      });
    });
    if (told.aborted) child.process.kill('SIGTERM');
    return { ended, serving };
  };
  const keep = async (first: { ended: Promise<number> }) => {
    let pauseMs = shortestPauseMs;
    for (let { ended } = first; ; ended = start().ended) {
      const startedAt = performance.now();
      const code = await ended;
      if (told.aborted) return;
      if (performance.now() - startedAt > steadyMs) pauseMs = shortestPauseMs;
      log.error({ code }, 'a server process ended by itself and is replaced');
      await delay(pauseMs, undefined, { signal: told }).catch(() => undefined);
      if (told.aborted) return;
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    }
  };

  told.addEventListener('abort', () => {
    for (const child of running.keys()) child.process.kill('SIGTERM');
  });
  signals.onReload = () => {
    // One that starts may have read the old files already, and may not listen to signals yet.
    for (const [child, serving] of running) void serving.then(() => child.process.kill('SIGHUP'));
  };
  const first = start();
  const address = await Promise.race([first.serving, first.ended]);
  if (typeof address === 'number') return address;
  const others = Array.from({ length: count - 1 }, start);
  const all = [first, ...others].map(keep);
  await Promise.race([Promise.all(others.map(({ serving }) => serving)), Promise.all(all)]);
  if (!told.aborted) onReady?.(address);
  await Promise.all(all);
  return 0;
}

function addressOf(child: Worker): Promise<string> {
  return new Promise((resolve) => {
    child.on('message', (message: Partial<Serving>) => {
      if (message.kind === 'serving') resolve(message.address ?? '');
    });
  });
}
