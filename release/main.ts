/** What `npm run release -- VERSION [--dry-run]` runs: sets the version, renews the protocol's baseline, commits and tags. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Files, planRelease } from './plan.ts';

const root = join(import.meta.dirname, '..');
const baseline = 'proto/released.binpb';

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' });
}

function buf(...args: string[]): void {
  execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, stdio: 'inherit' });
}

function read(): Files {
  const text = (path: string) => readFileSync(join(root, path), 'utf8');
  return {
    'package.json': text('package.json'),
    'client/package.json': text('client/package.json'),
    'package-lock.json': text('package-lock.json'),
    'CHANGELOG.md': text('CHANGELOG.md'),
  };
}

/** A sentence for people where the release cannot be made. */
function release(version: string, dryRun: boolean): string | undefined {
  const plan = planRelease(read(), version, new Date().toISOString().slice(0, 10));
  if ('problem' in plan) return plan.problem;
  if (git('tag', '--list', `v${version}`) !== '') return `The tag v${version} exists already.`;
  if (dryRun) {
    for (const path of [...Object.keys(plan.files), baseline]) process.stdout.write(`would write ${path}\n`);
    process.stdout.write(`would commit "release: ${version}" and tag it v${version}\n`);
    return undefined;
  }
  if (git('status', '--porcelain') !== '') return 'The working tree is not clean: commit or stash first.';
  buf('breaking', '--against', baseline);
  buf('build', '--exclude-source-info', '-o', baseline);
  for (const [path, text] of Object.entries(plan.files)) writeFileSync(join(root, path), text);
  git('commit', '--quiet', '--all', '--message', `release: ${version}`);
  git('tag', '--annotate', '--message', `inferq ${version}`, `v${version}`);
  process.stdout.write(`Released ${version}. Next: git push --follow-tags, and npm run pack:client for the client's package.\n`);
  return undefined;
}

const { values, positionals } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } }, allowPositionals: true });
const [version, ...rest] = positionals;
const problem =
  version === undefined || rest.length > 0 ? 'Usage: npm run release -- VERSION [--dry-run]' : release(version, values['dry-run']);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
