/** What figures depend on besides the code. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { promisify } from 'node:util';
import { findRedisServer } from '@inferq/cli/up/redis-binary.ts';
import packages from '../package.json' with { type: 'json' };
import { requirements } from '../python.ts';
import type { Setup } from '../scenario.ts';

const run = promisify(execFile);

export interface Machine {
  processor: string;
  cores: number;
  /** Load averages over 1, 5 and 15 minutes, when the benchmark began. */
  load: number[];
  versions: Record<string, string>;
  redisPersistence: string;
}

/** Asks for everything that a reader needs to judge the figures. */
export async function describeMachine(setup: Setup): Promise<Machine> {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    load: loadavg(),
    versions: {
      node: process.versions.node,
      redis: await versionOf(await findRedisServer({ download: false }), ['--version'], /v=(\S+)/),
      ...(setup.ghz === undefined ? {} : { ghz: await ghzVersion(setup.ghz) }),
      ...pinned(),
    },
    redisPersistence: 'append-only file, everysec, for everybody',
  };
}

/** The machine in one line of text. */
export function machineText({ processor, cores, load, versions, redisPersistence }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const loads = load.map((one) => one.toFixed(2)).join(' ');
  return `${cores} cores (${processor}), load at the start ${loads}; ${programs.join(', ')}; Redis persistence: ${redisPersistence}`;
}

async function versionOf(program: string, args: string[], pattern: RegExp): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}

/** One that `go install` built says "dev" of itself, and Go what it was built from. */
async function ghzVersion(ghz: string): Promise<string> {
  const own = await versionOf(ghz, ['--version'], /(\d+\.[\d.]+)/);
  return own === 'unknown' ? versionOf('go', ['version', '-m', ghz], /\bmod\s+\S+\s+v(\S+)/).catch(() => own) : own;
}

/** What the contestants are made of: exactly these versions are installed. */
function pinned(): Record<string, string> {
  const { devDependencies } = packages;
  const python = [...readFileSync(requirements, 'utf8').matchAll(/^([\w-]+)(?:\[\w+\])?==(\S+)/gm)];
  return {
    'grpc-js': devDependencies['@grpc/grpc-js'],
    'onnxruntime-node': devDependencies['onnxruntime-node'],
    bullmq: devDependencies.bullmq,
    ...Object.fromEntries(python.map(([, name = '', version = '']) => [`${name} (Python)`, version])),
  };
}
