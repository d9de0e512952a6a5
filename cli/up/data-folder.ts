/** The folder in which `inferq up` keeps its Redis, logs and pid files, and the lock that keeps a second `up` out of it. */

import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure, wrongUsage } from '../failure.ts';
import { formatIdentity, identify, isRunning, parseIdentity } from './process-identity.ts';

/** Absolute paths of what lies in a data folder. */
export interface DataFolder {
  path: string;
  /** Redis' own folder: append-only file, log, pid file and socket. */
  redis: string;
  log(child: string): string;
  pidFile(child: string): string;
}

/** Creates the folder where it is missing. Throws a Failure where it cannot be used. */
export function openDataFolder(given: string): DataFolder {
  const path = resolve(given);
  try {
    mkdirSync(join(path, 'redis'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw wrongUsage(`${path} cannot be used as a data folder (${(error as Error).message}): give another one with --data.`);
  }
  const real = realpathSync(path);
  return {
    path: real,
    redis: join(real, 'redis'),
    log: (child) => join(real, `${child}.log`),
    pidFile: (child) => join(real, `${child}.pid`),
  };
}

function readHolder(file: string): ReturnType<typeof parseIdentity> {
  try {
    return parseIdentity(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Puts a lock file with our identity in place, in one step; false where one is there. */
function place(lock: string, own: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes the folder for this process. A lock whose process has ended is taken over. Returns how to give it back. Throws a Failure
 * where another `up` holds it.
 */
export function lockDataFolder(folder: DataFolder): () => void {
  const lock = join(folder.path, 'up.pid');
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, formatIdentity(identify(process.pid)));
  try {
    for (let tries = 0; tries < 10; tries++) {
      if (place(lock, own)) return () => rmSync(lock, { force: true });
      const holder = readHolder(lock);
      if (holder && isRunning(holder)) {
        throw new Failure(
          `inferq up already runs on ${folder.path} (process ${holder.pid}): stop it first, or give another folder with --data.`,
        );
      }
      setAside(lock, `${own}.stale`);
    }
    throw new Failure(`${lock} changes hands too quickly: try again.`);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves a stale lock out of the way. If another `up` put its own in place meanwhile, that one goes back. */
function setAside(lock: string, aside: string): void {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && isRunning(moved)) place(lock, aside);
  rmSync(aside, { force: true });
}
