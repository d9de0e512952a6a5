import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { digestVersion } from '../repository/digest.ts';
import { openRepository } from '../repository/repository.ts';
import { listVersionFiles } from '../repository/version-files.ts';
import { repositoryOf } from './model-folder.ts';

/** Of the one version of a repository. */
async function digestOf(folder: string): Promise<string> {
  const [version] = (await openRepository(folder)).versions;
  if (!version) throw new Error('there is no version');
  return digestVersion(await listVersionFiles(version.folder), version.settings);
}

test('the digest follows everything that decides answers, and nothing else', async () => {
  const folder = await repositoryOf({ 'a/model.yaml': 'queue: batch', 'a/1/model.onnx': 'x', 'a/1/deep/table.bin': 'y' });
  const digest = () => digestOf(folder);
  const first = await digest();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  await appendFile(join(folder, 'a/model.yaml'), '\n# a remark');
  await writeFile(join(folder, 'a/notes.md'), 'beside the version');
  expect(await digest()).toBe(first);
  await writeFile(join(folder, 'a/1/deep/table.bin'), 'z');
  const second = await digest();
  expect(second).not.toBe(first);
  await appendFile(join(folder, 'a/model.yaml'), '\nmax_rows: 7');
  expect(await digest()).not.toBe(second);
});

const content = { 'm/1/model.onnx': 'graph', 'm/1/model.onnx_data': 'weights', 'm/1/deep/table.bin': 'table' };

test('the same content has the same digest, however links lay it out', async () => {
  const plain = await digestOf(await repositoryOf({ 'm/model.yaml': '', ...content }));
  const layouts: Record<string, (root: string, version: string) => Promise<void>> = {
    // A cache with links of files to it, as DVC and Hugging Face lay them out, some by way of other links.
    async cache(root, version) {
      await mkdir(join(root, 'blobs'));
      await mkdir(join(version, 'deep'), { recursive: true });
      for (const [path, text] of Object.entries(content)) {
        const blob = join(root, 'blobs', Buffer.from(path).toString('hex'));
        await writeFile(blob, text);
        await symlink(blob, `${blob}-link`);
        await symlink(`${blob}-link`, join(root, path));
      }
    },
    // As Kubernetes mounts a volume: a folder for each edition, and links through the one that is current.
    async volume(_, version) {
      const edition = join(version, '..2026_11_28_10_00_00.1234');
      await mkdir(join(edition, 'deep'), { recursive: true });
      for (const [path, text] of Object.entries(content)) await writeFile(join(edition, path.slice('m/1/'.length)), text);
      await symlink('..2026_11_28_10_00_00.1234', join(version, '..data'));
      for (const name of ['model.onnx', 'model.onnx_data', 'deep']) await symlink(`..data/${name}`, join(version, name));
    },
    async folder(root, version) {
      for (const [path, text] of Object.entries(content)) {
        const file = join(root, 'store', path.slice('m/1/'.length));
        await mkdir(join(file, '..'), { recursive: true });
        await writeFile(file, text);
      }
      await rm(version, { recursive: true });
      await symlink('../store', version);
    },
  };
  for (const [name, build] of Object.entries(layouts)) {
    const root = await repositoryOf({ 'm/model.yaml': '' });
    await mkdir(join(root, 'm/1'));
    await build(root, join(root, 'm/1'));
    expect([name, await digestOf(root)]).toEqual([name, plain]);
  }
});

test('what is behind a link counts: other content, another digest', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/deep/x': '', 'a/one': '1', 'b/one': '2', 'one.onnx': '1', 'two.onnx': '2' });
  const linked = async (file: string, data: string) => {
    for (const [target, link] of [
      [file, 'm/1/model.onnx'],
      [data, 'm/1/deep/data'],
    ] as const) {
      await rm(join(folder, link), { force: true });
      await symlink(join(folder, target), join(folder, link));
    }
    return digestOf(folder);
  };
  const digests = [await linked('one.onnx', 'a'), await linked('two.onnx', 'a'), await linked('one.onnx', 'b')];
  expect(new Set(digests).size).toBe(3);
  expect(await linked('one.onnx', 'a')).toBe(digests[0]);
});

test('what editors, systems and version control leave behind does not count; other hidden files do', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': 'x' });
  const version = join(folder, 'm/1');
  const plain = await digestOf(folder);
  await mkdir(join(version, '.git'));
  await mkdir(join(version, '.cache/huggingface'), { recursive: true });
  for (const name of [
    '.DS_Store',
    '._model.onnx',
    '.model.onnx.swp',
    'model.onnx~',
    '#model.onnx#',
    'Thumbs.db',
    '.git/HEAD',
    '.cache/huggingface/x',
  ]) {
    await writeFile(join(version, name), name);
  }
  await symlink('somebody@host.1234', join(version, '.#model.onnx'));
  expect(await digestOf(folder)).toBe(plain);
  await writeFile(join(version, '.weights'), 'w');
  expect(await digestOf(folder)).not.toBe(plain);
});

test.each<[string, (version: string) => Promise<unknown> | unknown, RegExp]>([
  ['a broken link', (version) => symlink('../gone', join(version, 'w')), /m\/1\/w is a link to "..\/gone", which does not exist$/],
  ['a link to itself', (version) => symlink('w', join(version, 'w')), /m\/1\/w is a link to "w", and from there links lead back to it$/],
  ['a folder that holds itself', (version) => symlink('..', join(version, 'w')), /m\/1\/w\/1 is a link back to a folder that contains it$/],
  ['a link to its own folder', (version) => symlink('.', join(version, 'w')), /m\/1\/w is a link back to a folder that contains it$/],
  ['a pipe', (version) => execFileSync('mkfifo', [join(version, 'w')]), /m\/1\/w is a named pipe, and only files and folders can be read$/],
  ['a device', (version) => symlink('/dev/zero', join(version, 'w')), /m\/1\/w is a device, and only/],
  ['a socket', listenOn, /m\/1\/w is a socket, and only/],
])('%s in a version is named, and keeps nobody waiting', async (_, make, sentence) => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': 'x' });
  await make(join(folder, 'm/1'));
  await expect(digestOf(folder)).rejects.toThrow(sentence);
});

async function listenOn(version: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(join(version, 'w'), resolve));
}

test('files that change between listing and the end of loading have no digest', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': 'x', 'm/other': 'y' });
  const [version] = (await openRepository(folder)).versions;
  const files = await listVersionFiles(join(folder, 'm/1'));
  await rename(join(folder, 'm/other'), join(folder, 'm/1/model.onnx'));
  if (!version) throw new Error('there is no version');
  await expect(digestVersion(files, version.settings)).rejects.toThrow(/m\/1\/model.onnx was changed while the model was loaded/);
});
