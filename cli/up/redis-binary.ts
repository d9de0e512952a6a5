/** Finds a redis-server or valkey-server that is new enough, or installs Debian's package. */

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';
import { installRedisServer, mayInstall } from './redis-install.ts';

const run = promisify(execFile);
const names = ['redis-server', 'valkey-server'];
const oldest = { major: 7, minor: 0 };

/** Searched after the PATH, which a user's shell may have cut short. */
const usualFolders = ['/usr/local/bin', '/usr/bin', '/usr/sbin'];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The version in what `redis-server --version` prints ("Redis server v=7.0.15 sha=..."), or undefined. */
function parseVersion(printed: string): { major: number; minor: number } | undefined {
  const found = /\bv=(\d+)\.(\d+)/.exec(printed);
  return found ? { major: Number(found[1]), minor: Number(found[2]) } : undefined;
}

async function versionOf(file: string): Promise<{ major: number; minor: number } | undefined> {
  try {
    return parseVersion((await run(file, ['--version'], { timeout: 10_000 })).stdout);
  } catch {
    return undefined;
  }
}

/** The first program found that is new enough, and the first that is too old. */
async function look(folders: readonly string[]): Promise<{ found?: string; tooOld?: string }> {
  let tooOld: string | undefined;
  for (const file of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    if (!isExecutable(file)) continue;
    const version = await versionOf(file);
    if (!version) continue;
    const { major, minor } = version;
    if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return { found: file };
    tooOld ??= `${file} is version ${major}.${minor}`;
  }
  return tooOld === undefined ? {} : { tooOld };
}

export interface FindOptions {
  install: boolean;
  /** In place of the environment's PATH. */
  path?: string;
  systemFolders?: readonly string[];
  /** Gets a line before something is installed. Default: standard error. */
  say?: (line: string) => void;
}

/**
 * The path of a Redis 7.0 (or Valkey) server program. With `install` and where this process may (root and apt), a missing one is
 * installed, after saying so through `say`. Throws a Failure that names what to install.
 */
export async function findRedisServer(options: FindOptions): Promise<string> {
  const path = (options.path ?? process.env.PATH ?? '').split(delimiter);
  const folders = [...new Set([...path, ...(options.systemFolders ?? usualFolders)])].filter((folder) => folder !== '');
  const first = await look(folders);
  if (first.found !== undefined) return first.found;
  if (first.tooOld !== undefined) {
    throw new Failure(`${first.tooOld}, and inferq needs Redis 7.0 or newer: install a newer redis-server or valkey-server.`);
  }
  if (options.install && mayInstall()) {
    const say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
    say("No redis-server is installed: installing Debian's package redis-server with apt-get (its own service is left off).");
    await installRedisServer();
    const second = await look(folders);
    if (second.found !== undefined) return second.found;
  }
  throw new Failure(
    'No redis-server or valkey-server is installed: install one (Debian, Ubuntu: sudo apt-get install redis-server), or set REDIS_URL to a Redis that runs.',
  );
}
