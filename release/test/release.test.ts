import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let clone = '';

const git = (...args: string[]) => execFileSync('git', args, { cwd: clone, encoding: 'utf8' });
const read = (path: string) => readFileSync(join(clone, path), 'utf8');
const version = (path: string) => JSON.parse(read(path)).version;

const changelog = '# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.0.1\n\n- The first.\n';

/** A repository with the files of this one that a release reads, and something to release. */
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'inferq-release-'));
  mkdirSync(join(clone, 'client'));
  for (const path of ['package.json', 'client/package.json', 'package-lock.json', 'buf.yaml', 'release', 'proto']) {
    cpSync(join(root, path), join(clone, path), { recursive: true });
  }
  writeFileSync(join(clone, 'CHANGELOG.md'), changelog);
  git('init', '--quiet');
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  writeFileSync(join(clone, '.git/info/exclude'), 'node_modules\n');
  for (const [name, value] of [
    ['user.name', 'A'],
    ['user.email', 'a@b.c'],
  ] as const)
    git('config', name, value);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'before');
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function release(...args: string[]): { code: number | null; printed: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['release/main.ts', ...args], { cwd: clone, encoding: 'utf8' });
  return { code: status, printed: stdout + stderr };
}

test('a release sets the version everywhere, dates the changelog, renews the baseline, commits and tags', () => {
  expect(release('99.0.0')).toMatchObject({ code: 0 });
  expect([version('package.json'), version('client/package.json'), version('package-lock.json')]).toEqual(['99.0.0', '99.0.0', '99.0.0']);
  expect(read('CHANGELOG.md').replace(/\d{4}-\d\d-\d\d/, 'DATE')).toBe(
    changelog.replace('## Unreleased\n', '## Unreleased\n\n## 99.0.0 (DATE)\n'),
  );
  expect(git('tag', '--list')).toBe('v99.0.0\n');
  expect(git('log', '-1', '--format=%s')).toBe('release: 99.0.0\n');
  expect(git('status', '--porcelain')).toBe('');
});

test('a dry run says what it would do and changes nothing', () => {
  const { code, printed } = release('99.0.0', '--dry-run');
  expect([code, printed]).toEqual([0, expect.stringContaining('would commit "release: 99.0.0" and tag it v99.0.0')]);
  expect([git('tag', '--list'), git('status', '--porcelain'), version('package.json')]).toEqual(['', '', version('client/package.json')]);
});

test.each([
  [['0.0.1'], /^0\.0\.1 is not newer than the current version, \d/],
  [['1.0'], /^"1\.0" is not a version such as 0\.2\.0/],
  [[], /^Usage: /],
])('a release of %j is refused with a sentence', (args, sentence) => {
  expect(release(...args)).toEqual({ code: 1, printed: expect.stringMatching(sentence) });
});

test('a version is released once, and only with something to say about it', () => {
  expect(release('99.0.0')).toMatchObject({ code: 0 });
  expect(release('99.0.1')).toEqual({ code: 1, printed: expect.stringContaining('CHANGELOG.md has nothing under "## Unreleased"') });
});
