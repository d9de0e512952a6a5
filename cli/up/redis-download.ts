/**
 * Downloads Debian's or Ubuntu's redis-server with the libraries that are missing here, and unpacks it into a folder. Nothing is
 * installed: no root is needed, no package script runs, no service starts, and a run that is killed leaves a folder and nothing else.
 */

import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/** The programs that do it. */
export interface PackageTools {
  aptGet: string;
  dpkgDeb: string;
}

const debian: PackageTools = { aptGet: '/usr/bin/apt-get', dpkgDeb: '/usr/bin/dpkg-deb' };

/** Whether this system has Debian's package tools. */
export function canDownload(tools: PackageTools = debian): boolean {
  try {
    for (const tool of [tools.aptGet, tools.dpkgDeb]) accessSync(tool, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Puts a `redis-server` that can be run into `folder`, or leaves the folder as it is. Throws a Failure with apt's reason. */
export async function downloadRedis(folder: string, tools: PackageTools = debian): Promise<void> {
  const unfinished = `${folder}.unfinished-${process.pid}`;
  try {
    removeAbandoned(folder);
    mkdirSync(unfinished, { recursive: true });
    await download(unfinished, tools);
    await unpack(unfinished, tools);
    writeLauncher(unfinished);
    moveInto(unfinished, folder);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${dirname(folder)} cannot hold a redis-server (${(error as Error).message}): ${advice}.`);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

const advice = 'install redis-server yourself, or set REDIS_URL to a Redis that runs';

/** Removes what a killed process left. */
function removeAbandoned(folder: string): void {
  if (!existsSync(dirname(folder))) return;
  const prefix = `${basename(folder)}.unfinished-`;
  for (const name of readdirSync(dirname(folder))) {
    const pid = Number(name.slice(prefix.length));
    if (name.startsWith(prefix) && !isAlive(pid)) rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Fetches the packages with lists and a cache of its own, so that neither root nor the system's locks are needed. */
async function download(folder: string, { aptGet }: PackageTools): Promise<void> {
  for (const part of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, part), { recursive: true });
  const settings = {
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Debug::NoLocking': 'true',
    // Root's apt would hand the download to a user that may not enter this folder.
    'APT::Sandbox::User': 'root',
  };
  const options = ['-q', '-y', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  await run(aptGet, [...options, 'update']);
  await run(aptGet, [...options, 'install', '--download-only', '--reinstall', '--no-install-recommends', 'redis-server', 'redis-tools']);
}

async function unpack(folder: string, { dpkgDeb }: PackageTools): Promise<void> {
  for (const archive of globSync('archives/*.deb', { cwd: folder }))
    await run(dpkgDeb, ['-x', join(folder, archive), join(folder, 'root')]);
  for (const part of ['lists', 'archives']) rmSync(join(folder, part), { recursive: true, force: true });
}

/** A script beside the unpacked files, because the program must find the libraries that came with it. */
function writeLauncher(folder: string): void {
  const libraries = [...new Set(globSync('root/**/*.so*', { cwd: folder }).map((file) => dirname(file)))];
  const path = libraries.map((library) => `$here/${library}`).join(':');
  const launcher = join(folder, 'redis-server');
  const lines = [
    '#!/bin/sh',
    'here=$(dirname "$(readlink -f "$0")")',
    `export LD_LIBRARY_PATH="${path}:$LD_LIBRARY_PATH"`,
    'exec "$here/root/usr/bin/redis-server" "$@"',
  ];
  writeFileSync(launcher, `${lines.join('\n')}\n`);
  chmodSync(launcher, 0o755);
}

/** Where another process was quicker, its folder stays. */
function moveInto(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'redis-server'))) throw error;
  }
}

/** Runs a program to its end. Throws a Failure with the last error that it printed. */
function run(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, LC_ALL: 'C.UTF-8' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        tail = (tail + data.toString()).slice(-2_000);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const lines = tail.trim().split('\n');
      const why = lines.findLast((line) => /^[EW]: /.test(line)) ?? lines.at(-1) ?? '';
      reject(new Failure(`${basename(program)} could not fetch redis-server (${why}): ${advice}.`));
    });
  });
}
