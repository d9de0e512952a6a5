/** Memory of processes. Reads /proc. */

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Heap } from './processes/memory-probe.ts';

const lookAgainMs = 100;

/** Bytes, after garbage was collected. */
export interface Memory {
  /** What the process holds of the machine's memory. */
  resident: number;
  /** Its live objects and buffers. */
  live: number;
}

export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) * 1_024;
}

/** Of a process that has loaded `processes/memory-probe.ts`. */
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

/** What Redis has allocated. */
export async function redisBytes(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  } finally {
    redis.disconnect();
  }
}

/** The most that a process holds while `work` is under way, looked at ten times a second; and what the work resolves to. */
export async function peakDuring<T>(pid: number, work: () => Promise<T>): Promise<{ peak: number; result: T }> {
  let peak = residentBytes(pid);
  const look = () => {
    peak = Math.max(peak, residentBytes(pid));
  };
  const timer = setInterval(look, lookAgainMs);
  try {
    const result = await work();
    look();
    return { peak, result };
  } finally {
    clearInterval(timer);
  }
}
