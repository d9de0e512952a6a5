/** A Python for the peers that need one: an environment of its own, made when first asked for. */

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LeftOut } from './scenario.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const folder = join(root, '.tools/peers-python');
/** The file that pins the peers' packages. */
export const requirements = join(root, 'benchmarks/peers/requirements.txt');

/**
 * The interpreter with the peers' packages: that of INFERQ_BENCH_PYTHON, or of an environment under `.tools`. Throws LeftOut
 * where there is no Python, or its packages cannot be installed.
 */
export async function peersPython(say: (line: string) => void): Promise<string> {
  const given = process.env.INFERQ_BENCH_PYTHON;
  if (given) return given;
  const interpreter = join(folder, 'bin/python');
  // What was installed: other requirements are installed anew.
  const done = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return interpreter;
  say('  installing the Python packages of the peers, once');
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(interpreter, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  } catch (error) {
    throw new LeftOut(`no Python with its packages could be set up: ${(error as Error).message.split('\n')[0]}`);
  }
  writeFileSync(done, wanted);
  return interpreter;
}
