/** Memory of processes, servers above all. Reads /proc. */

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Heap } from './memory-probe.ts';
import { startProcess, type TestProcess } from './stack.ts';

const probe = new URL('memory-probe.ts', import.meta.url).href;

/** Bytes, after garbage was given back. */
export interface Memory {
  /** What the process holds of the machine's memory. */
  resident: number;
  /** Its live objects and buffers. */
  live: number;
}

/** Starts `inferq server` so that `memoryOf` can ask it. */
export function startMeasuredServer(args: string[], redisUrl: string): Promise<TestProcess> {
  return startProbed(probe, args, redisUrl);
}

/** Starts `inferq server` with a module, given by its URL, loaded before its own code. */
export function startProbed(probe: string, args: string[], redisUrl: string): Promise<TestProcess> {
  const options = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `${options ?? ''} --import=${probe}`;
  try {
    // The environment is read before this comes back.
    return startProcess('server', args, redisUrl);
  } finally {
    if (options === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = options;
  }
}

/** Of a process that has loaded `memory-probe.ts`. */
export async function memoryOf(child: ChildProcess): Promise<Memory> {
  const heap = await new Promise<Heap>((resolve) => {
    const listen = (message: Heap) => {
      if (message.kind !== 'memory') return;
      child.off('message', listen);
      resolve(message);
    };
    child.on('message', listen);
    child.send('memory');
  });
  return { resident: residentBytes(child.pid ?? 0), live: heap.heapUsed + heap.external };
}

export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) * 1_024;
}
