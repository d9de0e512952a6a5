import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildModel } from '../../test/support/onnx-fixture.ts';
import { namedFile } from '../repository/named-file.ts';
import { openRepository } from '../repository/repository.ts';
import { engineOn, floats, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

async function folders() {
  const root = await repositoryOf({ secret: 's', 'm/names': 'n', 'm/1/own': 'o', 'm/1/deep/own': 'd', 'm/1/..odd': 'x' });
  return { root, model: join(root, 'm'), version: join(root, 'm/1') };
}

test('a file is found in the first folder that has it', async () => {
  const { model, version } = await folders();
  expect(await namedFile('own', [version, model])).toEqual({ path: join(version, 'own') });
  expect(await namedFile('names', [version, model])).toEqual({ path: join(model, 'names') });
  expect(await namedFile('deep/own', [version])).toEqual({ path: join(version, 'deep/own') });
  expect(await namedFile('..odd', [version])).toEqual({ path: join(version, '..odd') });
  expect(await namedFile(join(version, 'own'), [version])).toEqual({ path: join(version, 'own') });
});

test.each([
  '../../secret',
  '..',
  '.',
  '',
  'deep/../../../secret',
  '/etc/passwd',
  '../1x/own',
  './../../secret',
  '\u001b[31m/../../../secret',
])('the text %j does not lead out of the folders', async (text) => {
  const { model, version } = await folders();
  expect(await namedFile(text, [version, model])).toEqual({ problem: expect.stringMatching(/^"\P{Cc}*" must name a file within /u) });
});

test('a link that somebody placed in the folder is followed, out of it as well', async () => {
  const { root, version } = await folders();
  symlinkSync(join(root, 'secret'), join(version, 'link'));
  expect(await namedFile('link', [version])).toEqual({ path: join(version, 'link') });
});

test('only regular files are read: a folder, a pipe or a device would not end', async () => {
  const { version } = await folders();
  execFileSync('mkfifo', [join(version, 'pipe')]);
  symlinkSync('/dev/zero', join(version, 'device'));
  for (const name of ['deep', 'pipe', 'device']) {
    expect(await namedFile(name, [version])).toEqual({ problem: `"${name}" is not a regular file` });
  }
  symlinkSync('gone', join(version, 'dangling'));
  expect(await namedFile('dangling', [version])).toEqual({ problem: `there is no file "dangling" in ${version}` });
  expect(await namedFile('a\0b', [version])).toEqual({ problem: expect.stringMatching(/^"a·b" cannot be read: .*null bytes/) });
});

test('labels are read within the model only', async () => {
  const yaml = 'postprocess: { kind: classification, output: y }\nlabels: ../../secret';
  const folder = await repositoryOf({ secret: 'root:x:0:0', 'm/model.yaml': yaml, 'm/1/model.onnx': 'x' });
  const { versions, broken } = await openRepository(folder);
  expect(versions).toEqual([]);
  expect(broken[0]?.problems[0]?.problem).toMatch(/^line 2: labels: "..\/..\/secret" must name a file within /);
});

/** y = x + c, with c in a file that the graph names. */
function withWeights(location: string): Uint8Array {
  return buildModel({
    inputs: { x: { type: 'FP32', shape: [2] } },
    outputs: { y: { type: 'FP32', shape: [2] } },
    externals: { c: { shape: [2], location } },
    nodes: [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }],
  });
}
const weights = Buffer.from(Float32Array.of(10, 20).buffer);

test('external data of a graph is read within the folder, where links are followed to another file of it', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': withWeights('link.bin'), 'm/1/w/data.bin': weights });
  symlinkSync('w/data.bin', join(folder, 'm/1/link.bin'));
  const { engine, heard } = await engineOn(folder, ['m']);
  engine.start({ name: 'm', version: '1' }, [taskOf('a', { x: floats([2], [1, 2]) })]);
  expect((await heard.outputs('a')).outputs.y?.data).toEqual(Float32Array.of(11, 22));
});

test.each(['../../secret.bin', 'w/../../../secret.bin', '/SECRET'])('external data at %s is refused', async (location) => {
  const folder = await repositoryOf({ 'secret.bin': weights, 'm/model.yaml': '', 'm/1/w/x': '' });
  writeFileSync(join(folder, 'm/1/model.onnx'), withWeights(location.replace('/SECRET', join(folder, 'secret.bin'))));
  expect((await engineOn(folder, ['m'])).engine.failed[0]?.reason).toMatch(/External data path|Absolute path not allowed/);
});
