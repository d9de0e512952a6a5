import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestVersion } from '../repository/digest.ts';
import { openRepository } from '../repository/repository.ts';
import { selectModels } from '../repository/select.ts';
import { repositoryOf } from './model-folder.ts';

test.each(['90', '"90"', '90s', '1m30s', '1.5m'])('a hard_time_limit of %s is 90 seconds', async (written) => {
  const folder = await repositoryOf({ 'a/model.yaml': `hard_time_limit: ${written}`, 'a/1/model.onnx': 'x' });
  expect((await openRepository(folder)).versions[0]?.settings.hard_time_limit).toBe(90_000);
});

test('an empty model.yaml is enough, and a version’s own replaces keys of the model’s', async () => {
  const folder = await repositoryOf({
    'a/model.yaml': '',
    'a/1/model.onnx': 'x',
    'b/model.yaml': 'queue: batch\nmax_batch_size: 4\nretry: { delay: 1s }',
    'b/2/model.onnx': 'x',
    'b/2/model.yaml': 'max_batch_size: 16\nhard_time_limit: 90s',
    'b/10/model.onnx': 'x',
    'scripts/train.py': 'x',
  });
  const { versions, broken, problems } = await openRepository(folder);
  expect({ broken, problems }).toEqual({ broken: [], problems: [] });
  expect(versions.map(({ name, version }) => `${name}:${version}`)).toEqual(['a:1', 'b:2', 'b:10']);
  expect(versions[0]?.settings).toMatchObject({ queue: 'default', max_batch_size: 0, hard_time_limit: 300_000, warmup: 1 });
  expect(versions[1]?.settings).toMatchObject({ queue: 'batch', max_batch_size: 16, hard_time_limit: 90_000 });
  expect(versions[1]?.settings.retry).toEqual({ max_attempts: 3, delay: 1_000, factor: 2, max_delay: 300_000 });
  expect(versions[2]?.settings).toMatchObject({ max_batch_size: 4, hard_time_limit: 300_000 });
});

test('labels come from a list or a file with one a line', async () => {
  const yaml = 'postprocess: { kind: classification, output: y, top_k: 2 }\nlabels: names.txt';
  const folder = await repositoryOf({ 'a/model.yaml': yaml, 'a/names.txt': 'cat\ndog\n', 'a/1/model.onnx': 'x' });
  expect((await openRepository(folder)).versions[0]?.settings.labels).toEqual(['cat', 'dog']);
});

async function problemsOf(yaml: string, files: Record<string, string> = { 'm/1/model.onnx': 'x' }): Promise<string[]> {
  const folder = await repositoryOf({ 'm/model.yaml': yaml, ...files });
  const { broken } = await openRepository(folder);
  return broken.flatMap(({ problems }) => problems.map(({ file, problem }) => `${file.slice(folder.length + 1)}: ${problem}`));
}

const handler = { 'm/1/handler.ts': '' };
const declared = 'handler: handler.ts\ninputs: []\noutputs: []\n';

test.each([
  [
    'quue: batch',
    /^m\/model.yaml: line 1: "quue" is not a key of model.yaml. Did you mean "queue"\? The keys are description, handler, queue, max_batch_size/,
  ],
  [
    'queue: batch\nretry:\n  dely: 5s',
    /line 3: "dely" is not a key of retry. Did you mean "delay"\? The keys are max_attempts, delay, factor, max_delay$/,
  ],
  ['queue: "a b"', /line 1: queue must be 1 to 64 characters/],
  ['max_batch_size: many', /line 1: max_batch_size must be a whole number from 0 to /],
  ['linger: 5 parsecs', /line 1: linger must be a duration such as 250ms/],
  ['hard_time_limit: 25h', /line 1: hard_time_limit must be from 0.001 to 86400 seconds/],
  ['\n\nsoft_time_limit: 10s\nhard_time_limit: 5s', /line 3: soft_time_limit must be below hard_time_limit/],
  ['retry: { delay: 10m }', /line 1: retry.delay must not be above retry.max_delay/],
  ['linger: 5ms', /line 1: linger waits for a fuller batch, and max_batch_size is 0/],
  ['labels: [a]', /line 1: labels are read by postprocess, which is missing/],
  ['labels: gone.txt', /line 1: labels: there is no file "gone.txt" in .*m\/1 or .*m$/],
  ['labels: [1, 2]', /line 1: labels must be a list of texts, or a file name/],
  ['inputs: []', /line 1: inputs are read from model.onnx; remove this key/],
  ['parameters:\n  seed: { type: int64, default: 1 }', /line 1: parameters are read by a handler, and this model has none/],
  ['parameters:\n  seed: { type: int64, default: x }', /line 2: parameters.seed.default must be a whole number/],
  ['parameters:\n  seed: { type: float, default: 1 }', /line 2: parameters.seed.type must have a type: bool, int64, string or double/],
  ['parameters:\n  seed: { type: int64, default: 1, most: 2 }', /line 2: "most" is not a key of parameters.seed/],
  ['parameters:\n  a b: { type: int64, default: 1 }', /line 2: parameters.a b must have a name of 1 to 64 characters/],
  ['parameters:\n  __proto__: { type: int64, default: x }', /line 2: parameters.__proto__.default must be a whole number/],
  ['parameters: [seed]', /line 1: parameters must map names to parameters/],
  ['constructor: 1', /^m\/model.yaml: line 1: "constructor" is not a key of model.yaml/],
  ['__proto__: 1', /^m\/model.yaml: line 1: "__proto__" is not a key of model.yaml/],
  ['postprocess: { kind: ranking, output: y }', /line 1: postprocess.kind must be classification/],
  ['- a\n- b', /^m\/model.yaml: must be a list of keys such as/],
  ['queue: [', /line 1: is not valid YAML: /],
  ['handler: handler.ts', /line 1: handler names "handler.ts", which is not in the version folder/],
])('a wrong model.yaml is told where and how: %j', async (yaml, sentence) => {
  const problems = await problemsOf(yaml);
  expect(problems.filter((problem) => sentence.test(problem))).toHaveLength(1);
});

test('a handler must be named, and declare its tensors', async () => {
  expect(await problemsOf('', handler)).toEqual([
    'm/model.yaml: the version folder has no model.onnx; put one there, or name a handler',
    'm/model.yaml: the version folder has a handler.ts that model.yaml does not name; add `handler: handler.ts`, or remove the file',
  ]);
  expect(await problemsOf('handler: handler.ts', handler)).toEqual([
    'm/model.yaml: inputs are missing: a model with a handler declares its inputs',
    'm/model.yaml: outputs are missing: a model with a handler declares its outputs',
  ]);
  expect(await problemsOf(`${declared}postprocess: { kind: classification, output: y }`, handler)).toEqual([
    'm/model.yaml: line 4: postprocess.output names "y", which is none of the outputs',
  ]);
  expect(await problemsOf(declared, handler)).toEqual([]);
});

test('a mistake in a version’s own file is told of that file', async () => {
  const files = { 'm/1/model.onnx': 'x', 'm/1/model.yaml': 'queue: ok\nwarmup: 1000' };
  expect(await problemsOf('warmup: true', files)).toEqual(['m/1/model.yaml: line 2: warmup must be a whole number from 0 to 100']);
});

test('what is no repository is one clear sentence', async () => {
  const folder = await repositoryOf({ 'file.txt': 'x', 'empty/readme.txt': 'x', 'bare/m/1/model.onnx': 'x', 'none/m/model.yaml': '' });
  const first = async (path: string) => (await openRepository(join(folder, path))).problems.map(({ problem }) => problem);
  expect(await first('nowhere')).toEqual(['cannot be read as a model repository: there is no such folder']);
  expect(await first('file.txt')).toEqual(['cannot be read as a model repository: it is a file, not a folder']);
  expect(await first('empty')).toEqual(['has no models; a model is a folder with a model.yaml and a folder 1']);
  expect(await first('bare')).toEqual(['has versions but no model.yaml; add one (it may be empty)']);
  expect(await first('none')).toEqual([expect.stringContaining('has no version; put model.onnx or handler.ts into')]);
});

test('models are selected by name and version, the latest version by default', async () => {
  const folder = await repositoryOf({
    'a/model.yaml': '',
    'a/2/model.onnx': 'x',
    'a/10/model.onnx': 'x',
    'b/model.yaml': '',
    'b/1/model.onnx': 'x',
    'c/model.yaml': 'nonsense: 1',
    'c/1/model.onnx': 'x',
  });
  const repository = await openRepository(folder);
  const select = (spec?: string) => {
    const selection = selectModels(repository, spec);
    return selection.ok ? selection.versions.map(({ name, version }) => `${name}:${version}`) : selection.problem;
  };
  expect(select('a,b')).toEqual(['a:10', 'b:1']);
  expect(select('a:2, b, a:2')).toEqual(['a:2', 'b:1']);
  expect(select()).toContain('c/model.yaml: line 1: "nonsense" is not a key');
  expect(select('c')).toContain('c/model.yaml: line 1: "nonsense" is not a key');
  expect(select('d')).toBe(`there is no model "d" in ${folder}. It has a, b, c`);
  expect(select('a:3')).toBe('model "a" has no version 3; it has 10, 2');
  expect(select('a:x')).toBe('"a:x" names no model: write NAME or NAME:VERSION, such as digits or charlm:2');
});

test('the digest follows everything that decides answers, and nothing else', async () => {
  const folder = await repositoryOf({ 'a/model.yaml': 'queue: batch', 'a/1/model.onnx': 'x', 'a/1/deep/table.bin': 'y' });
  const digest = async () => {
    const [version] = (await openRepository(folder)).versions;
    return version ? digestVersion(version.folder, version.settings) : '';
  };
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
