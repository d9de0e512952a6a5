/** Installs Debian's redis-server package without starting the service that comes with it. */

import { spawn } from 'node:child_process';
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import { Failure } from '../failure.ts';

const aptGet = '/usr/bin/apt-get';
const policyFile = '/usr/sbin/policy-rc.d';

/** Whether this process is root on a system with apt. */
export function mayInstall(): boolean {
  try {
    accessSync(aptGet, constants.X_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** Runs a program to its end; resolves with its exit code and the last of what it printed. */
function runQuietly(command: string, args: string[]): Promise<{ code: number | null; tail: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const keep = (data: Buffer): void => {
      tail = (tail + data.toString()).slice(-2_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: null, tail: error.message }));
    child.on('close', (code) => resolve({ code, tail }));
  });
}

/** Forbids package scripts to start services; returns how to allow it again. A policy that is there already stays as it is. */
function forbidServices(): () => void {
  try {
    writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  } catch {
    return () => {};
  }
  return () => rmSync(policyFile, { force: true });
}

async function apt(...args: string[]): Promise<void> {
  const { code, tail } = await runQuietly(aptGet, ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args]);
  if (code === 0) return;
  const errors = tail.split('\n').filter((line) => /^(E|W): /.test(line));
  const why = errors.at(-1) ?? tail.trim().split('\n').at(-1) ?? '';
  throw new Failure(`apt-get ${args[0]} failed (${why}): install redis-server yourself, or set REDIS_URL to a Redis that runs.`);
}

/** Installs the package. Throws a Failure with apt's reason. */
export async function installRedisServer(): Promise<void> {
  const allowServices = forbidServices();
  try {
    await apt('update');
    await apt('install', '--no-install-recommends', 'redis-server');
  } finally {
    allowServices();
  }
  // Else the distribution's service would start with the next boot, beside ours. It may be missing where there is no init system.
  await runQuietly('/usr/sbin/update-rc.d', ['redis-server', 'disable']);
}
