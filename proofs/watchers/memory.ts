/** Memory over time, and of Redis. */

import { residentBytes } from '@inferq/test/support/memory.ts';
import { Redis } from 'ioredis';

const lookAgainMs = 100;

/** What Redis has allocated, in bytes. */
export async function redisBytes(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  } finally {
    redis.disconnect();
  }
}

/** The most bytes that a process holds while `work` is under way, looked at ten times a second; and what the work resolves to. */
export async function peakDuring<T>(pid: number, work: () => Promise<T>): Promise<{ peak: number; result: T }> {
  let peak = residentBytes(pid);
  const look = () => {
    peak = Math.max(peak, residentBytes(pid));
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch {
      // The process has ended: the work with it fails by itself.
      clearInterval(timer);
    }
  }, lookAgainMs);
  try {
    const result = await work();
    look();
    return { peak, result };
  } finally {
    clearInterval(timer);
  }
}
