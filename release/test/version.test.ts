import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { version } = json('package.json');

test('only the root and the published client hold a version, and it is the same one', () => {
  const manifests = globSync('*/package.json', { cwd: root, exclude: ['node_modules'] });
  const versions = manifests.map((path) => [path, json(path).version]).filter(([, held]) => held !== undefined);
  expect(manifests).toContain('cli/package.json');
  expect(versions).toEqual([['client/package.json', version]]);
});

test('the lock file holds it, too', () => {
  const lock = json('package-lock.json');
  expect([lock.version, lock.packages[''].version, lock.packages.client.version]).toEqual([version, version, version]);
});

test('the command line prints it', () => {
  const printed = execFileSync(process.execPath, [join(root, 'cli/bin/inferq.js'), '--version'], { encoding: 'utf8' });
  expect(printed).toBe(`${version}\n`);
});
