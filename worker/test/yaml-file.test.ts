import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRepository } from '../repository/repository.ts';
import { repositoryOf } from './model-folder.ts';

/** What is told of m/model.yaml beside a good model, which must be read in any case. */
async function problemWith(write: (file: string) => Promise<unknown> | unknown): Promise<string | undefined> {
  const folder = await repositoryOf({ 'good/model.yaml': '', 'good/1/model.onnx': 'x', 'm/1/model.onnx': 'x' });
  const file = join(folder, 'm/model.yaml');
  await write(file);
  const { versions, broken } = await openRepository(folder);
  expect(versions.map(({ name }) => name)).toContain('good');
  const [problem] = broken.flatMap(({ problems }) => problems);
  if (problem) expect(problem.file).toBe(file);
  return problem?.problem;
}

const bomb = ['a: &a [x, x]', ...'bcdefgh'.split('').map((key, index) => `${key}: &${key} [${`*${'abcdefg'[index]}, `.repeat(9)}x]`)];

test.each([
  ['queue: a\nlabels: *q\n', 'line 2: is not valid YAML: the alias *q has no anchor &q before it'],
  ['queue: *q\nlinger: &q 1s\n', 'line 1: is not valid YAML: the alias *q has no anchor &q before it'],
  [bomb.join('\n'), 'line 1: is not valid YAML: Excessive alias count indicates a resource exhaustion attack'],
  [`labels: ${'['.repeat(20_000)}`, 'line 1: is not valid YAML: it is nested too deeply'],
  [`labels: &l [${'*l,'.repeat(20_000)}]`, 'line 1: is not valid YAML: the alias *l is inside of what it stands for'],
  ['retry: &r\n  delay: *r\n', 'line 2: is not valid YAML: the alias *r is inside of what it stands for'],
  ['retry:\n\tdelay: 1s\n', 'line 2: is not valid YAML: Tabs are not allowed as indentation'],
  ['queue: a\nqueue: b\n', 'line 2: is not valid YAML: the key "queue" is there twice'],
  ['queue: a\n---\nqueue: b\n', 'line 2: is not valid YAML: a second document begins here, and a file may hold only one'],
  ['\nqueue: "a\n', /^line 3: is not valid YAML: Missing closing "quote/],
  ['queue: !secret a\n', 'line 1: is not valid YAML: Unresolved tag: !secret'],
  ['- a\n- b\n', 'line 1: must be a list of keys such as `queue: default`'],
  ['# settings\nhello\n', 'line 2: must be a list of keys such as `queue: default`'],
  ['!!set { queue }\n', /^line 1: must be a list of keys/],
  ['x: &x { queue: a }\n<<: *x\n', /^line 1: "x" is not a key of model.yaml/],
  ['? [a, b]\n: c\n', /is not a key of model.yaml/],
  ['__proto__: { queue: a }\n', /^line 1: "__proto__" is not a key of model.yaml/],
  ['queue: a\nconstructor: b\n', /^line 2: "constructor" is not a key of model.yaml/],
  [Buffer.from('queue: a\nlabels: [caf\xe9]\n', 'latin1'), 'line 2: is not UTF-8 text; save the file as UTF-8'],
  [Buffer.from('\ufeffqueue: a\n', 'utf16le'), 'is UTF-16 text; save it as UTF-8'],
  [`# ${'x'.repeat(262_144)}`, 'has 262146 bytes; at most 262144 are allowed'],
])('a model.yaml that cannot be read is told with file, line and reason: %.40j', async (content, sentence) => {
  expect(await problemWith((file) => writeFile(file, content))).toEqual(
    typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
  );
});

test.each(['\ufeffqueue: batch\n', 'queue: batch\r\n', '%YAML 1.1\n---\nqueue: &q batch\n', '', '~', '# nothing\n'])(
  'a model.yaml may be %j',
  async (content) => {
    expect(await problemWith((file) => writeFile(file, content))).toBeUndefined();
  },
);

test.each<[string, (file: string) => Promise<unknown> | unknown, string]>([
  ['a folder', (file) => mkdir(file), 'is a folder, not a file'],
  ['a pipe', (file) => execFileSync('mkfifo', [file]), 'is a named pipe, and only files and folders can be read'],
  ['a device', (file) => symlink('/dev/zero', file), 'is a device, and only files and folders can be read'],
  ['a broken link', (file) => symlink('gone', file), 'is a link to "gone", which does not exist'],
  ['a loop', (file) => symlink('model.yaml', file), 'is a link to "model.yaml", and from there links lead back to it'],
])('%s in the place of model.yaml is named', async (_, make, sentence) => {
  expect(await problemWith(make)).toBe(sentence);
});
