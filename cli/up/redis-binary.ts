/** Finds a redis-server or valkey-server that is new enough, or downloads Debian's. */

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';
import { canDownload, downloadRedis } from './redis-download.ts';

const run = promisify(execFile);
const names = ['redis-server', 'valkey-server'];
const oldest = { major: 7, minor: 0 };

/** Searched after the PATH, which a user's shell may have cut short. */
const usualFolders = ['/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** Where a downloaded one is kept, for `up` and for the tests. */
const downloadFolder = fileURLToPath(new URL('../../.tools/redis', import.meta.url));

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
  /** Whether a missing one is downloaded. */
  download: boolean;
  /** In place of the environment's PATH. */
  path?: string;
  systemFolders?: readonly string[];
  downloadFolder?: string;
  /** Gets a line before something is downloaded. Default: standard error. */
  say?: (line: string) => void;
}

/**
 * The path of a Redis 7.0 (or Valkey) server program. With `download`, and where this system has apt, a missing one is downloaded
 * and unpacked, after saying so through `say`. Throws a Failure that names what to install.
 */
export async function findRedisServer(options: FindOptions): Promise<string> {
  const path = (options.path ?? process.env.PATH ?? '').split(delimiter);
  const downloads = options.downloadFolder ?? downloadFolder;
  const folders = [...new Set([...path, ...(options.systemFolders ?? usualFolders), downloads])].filter((folder) => folder !== '');
  const first = await look(folders);
  if (first.found !== undefined) return first.found;
  if (first.tooOld === undefined && options.download && canDownload()) {
    const say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
    say(`No redis-server is installed: downloading the one of this system's package archive into ${downloads}.`);
    await downloadRedis(downloads);
  }
  const { found, tooOld } = await look(folders);
  if (found !== undefined) return found;
  if (tooOld !== undefined)
    throw new Failure(`${tooOld}, and inferq needs Redis 7.0 or newer: install a newer redis-server or valkey-server.`);
  throw new Failure(
    'No redis-server or valkey-server is installed: install one (Debian, Ubuntu: sudo apt-get install redis-server), or set REDIS_URL to a Redis that runs.',
  );
}
