/** Finds the Redis of an `up` that was killed, by its pid file, and stops it cleanly before another one opens the same files. */

import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { DataFolder } from './data-folder.ts';
import { ended, identify } from './process-identity.ts';

const stopLimitMs = 30_000;

/** Whether `pid` is a Redis that works in this folder: pid numbers are used again, so the file alone proves nothing. */
function isRedisOf(pid: number, folder: DataFolder): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return /(redis|valkey)-server/.test(command) && readlinkSync(`/proc/${pid}/cwd`) === folder.redis;
  } catch {
    return false;
  }
}

/** Stops a Redis that was left in this folder. Resolves with its pid, or undefined where there was none. */
export async function stopLeftoverRedis(folder: DataFolder): Promise<number | undefined> {
  const pidFile = join(folder.redis, 'redis.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
  } catch {
    return undefined;
  }
  if (!Number.isSafeInteger(pid) || pid < 2 || !isRedisOf(pid, folder)) {
    rmSync(pidFile, { force: true });
    return undefined;
  }
  const left = identify(pid);
  process.kill(pid, 'SIGTERM');
  if (!(await ended(left, stopLimitMs))) {
    throw new Failure(`The Redis that an earlier inferq up left on ${folder.path} (process ${pid}) does not end: end it and start again.`);
  }
  return pid;
}
