import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRedisServer } from '../up/redis-binary.ts';
import { canDownload, downloadRedis } from '../up/redis-download.ts';

let path = '';
let tools = { aptGet: '', dpkgDeb: '/usr/bin/dpkg-deb' };

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'inferq-download-'));
  tools = { ...tools, aptGet: join(path, 'apt-get') };
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** An apt-get that "downloads" one package: a redis-server that prints its version and where it looks for libraries. */
function archiveHasRedis(): void {
  const files = join(path, 'package');
  for (const folder of ['DEBIAN', 'usr/bin', 'usr/lib/here']) mkdirSync(join(files, folder), { recursive: true });
  writeFileSync(
    join(files, 'DEBIAN/control'),
    'Package: redis-server\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: d\n',
  );
  writeFileSync(join(files, 'DEBIAN/postinst'), `#!/bin/sh\ntouch ${join(path, 'a-service-was-started')}\n`, { mode: 0o755 });
  writeFileSync(join(files, 'usr/bin/redis-server'), '#!/bin/sh\necho "Redis server v=7.2.4 $LD_LIBRARY_PATH"\n', { mode: 0o755 });
  writeFileSync(join(files, 'usr/lib/here/libthere.so.1'), '');
  execFileSync(tools.dpkgDeb, ['--build', files, join(path, 'redis-server.deb')]);
  writeAptGet(`archives=$(echo "$*" | sed 's/.*Dir::Cache::archives=\\([^ ]*\\).*/\\1/')
case "$*" in *install*) cp ${path}/redis-server.deb "$archives";; esac`);
}

function writeAptGet(script: string): void {
  writeFileSync(tools.aptGet, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

test.skipIf(!canDownload())('a downloaded Redis is found and finds its libraries, and no package script runs', async () => {
  archiveHasRedis();
  const folder = join(path, 'tools', 'redis');
  await downloadRedis(folder, tools);
  const found = await findRedisServer({ download: false, path: '', systemFolders: [], downloadFolder: folder });
  expect(found).toBe(join(folder, 'redis-server'));
  expect(execFileSync(found, { encoding: 'utf8' })).toContain(`v=7.2.4 ${join(folder, 'root/usr/lib/here')}`);
  expect(existsSync(join(path, 'a-service-was-started'))).toBe(false);
  expect(readdirSync(join(path, 'tools'))).toEqual(['redis']);
});

test.skipIf(!canDownload())('what a killed download left is removed by the next one, and one that still runs is left alone', async () => {
  archiveHasRedis();
  const { pid } = execEnded();
  for (const left of [`redis.unfinished-${pid}`, 'redis.unfinished-1']) mkdirSync(join(path, left, 'lists'), { recursive: true });
  await downloadRedis(join(path, 'redis'), tools);
  expect(readdirSync(path).filter((name) => name.startsWith('redis.unfinished'))).toEqual(['redis.unfinished-1']);
});

test('what apt could not do is said in its own words, and nothing is left', async () => {
  writeAptGet('echo "Reading package lists..."; echo "E: Unable to locate package redis-server" >&2; exit 100');
  await expect(downloadRedis(join(path, 'redis'), tools)).rejects.toThrow(
    'apt-get could not fetch redis-server (E: Unable to locate package redis-server): install redis-server yourself',
  );
  expect(readdirSync(path)).toEqual(['apt-get']);
});

test('a folder that cannot be written is named', async () => {
  writeFileSync(join(path, 'file'), '');
  await expect(downloadRedis(join(path, 'file', 'redis'), tools)).rejects.toThrow(
    /file cannot hold a redis-server \(.*\): install redis-server/,
  );
});

/** A process that has ended. */
function execEnded(): { pid: number } {
  return { pid: Number(execFileSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' })) };
}
