import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingModel } from '../repository/missing-model.ts';
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
  const { versions, broken, problem } = await openRepository(folder);
  expect({ broken, problem }).toEqual({ broken: [], problem: undefined });
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
  ['parameters:\n  n: { type: int64, default: 1, min: 0.5 }', /line 2: parameters.n.min must be a whole number/],
  ['parameters:\n  s: { type: string, default: a, min: 1 }', /line 2: "min" is not a key of parameters.s/],
  ['parameters:\n  s: { type: string, default: a, enum: [] }', /line 2: parameters.s.enum must have a value/],
  ['parameters: [seed]', /line 1: parameters must map names to parameters/],
  ['constructor: 1', /^m\/model.yaml: line 1: "constructor" is not a key of model.yaml/],
  ['__proto__: 1', /^m\/model.yaml: line 1: "__proto__" is not a key of model.yaml/],
  ['postprocess: { kind: ranking, output: y }', /line 1: postprocess.kind must be classification/],
  ['- a\n- b', /^m\/model.yaml: line 1: must be a list of keys such as/],
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

test('a default that Submit would refuse is a mistake, and so are bounds that nothing is between', async () => {
  const parameters = `parameters:
  high: { type: int64, default: 9, min: 1, max: 8 }
  none: { type: double, default: 1, min: 2, max: 1 }
  odd: { type: string, default: c, enum: [a, b] }
  fine: { type: double, default: 0.5, min: 0, max: 1, enum: [0.5, 1] }`;
  expect(await problemsOf(`${declared}${parameters}`, handler)).toEqual([
    'm/model.yaml: line 4: parameters.high.default is 9, but must be between 1 and 8',
    'm/model.yaml: line 4: parameters.none.min must not be above its max',
    'm/model.yaml: line 4: parameters.odd.default is "c", but must be one of "a", "b"',
  ]);
});

test('a mistake in a version’s own file is told of that file', async () => {
  const files = { 'm/1/model.onnx': 'x', 'm/1/model.yaml': 'queue: ok\nwarmup: 1000' };
  expect(await problemsOf('warmup: true', files)).toEqual(['m/1/model.yaml: line 2: warmup must be a whole number from 0 to 100']);
});

test('a folder that is not a repository is one clear sentence', async () => {
  const folder = await repositoryOf({
    'file.txt': 'x',
    'empty/readme.txt': 'x',
    'r/m/model.yaml': '',
    'r/m/1/model.onnx': 'x',
    'flat/net.onnx': '',
  });
  const first = async (path: string) => (await openRepository(join(folder, path))).problem?.problem;
  expect(await first('nowhere')).toBe('cannot be used as a model repository: it does not exist');
  expect(await first('file.txt')).toBe('cannot be used as a model repository: it is a file, not a folder');
  expect(await first('empty')).toBe('has no models: a model is a folder with a model.yaml and a folder 1');
  expect(await first('r/m')).toBe(`is a model itself; name the folder above it, ${join(folder, 'r')}`);
  expect(await first('flat')).toMatch(/; to serve net.onnx, move it to net\/1\/model.onnx, and add an empty net\/model.yaml$/);
});

const rule = 'a version is a folder named by a positive number without leading zeros, such as 1';

test.each([
  [{ 'm/model.yaml': '' }, `has no version: ${rule}; put model.onnx or handler.ts into it`],
  [{ 'm/model.yaml': '', 'm/01/model.onnx': 'x' }, `has no version: "01" is not one, because ${rule}; rename it to 1`],
  [{ 'm/model.yaml': '', 'm/v2/model.onnx': 'x' }, `has no version: "v2" is not one, because ${rule}; rename it to 2`],
  [{ 'm/model.yaml': '', 'm/model.onnx': 'x' }, `has no version: ${rule}; move model.onnx into a folder 1`],
  [{ 'm/model.yaml': '', 'm/1': 'x' }, `has no version: "1" is a file, and ${rule}`],
  [{ 'm/1/model.onnx': 'x' }, 'has no model.yaml; add one (it may be empty)'],
  [{ 'm/model.onnx': 'x' }, 'has no model.yaml; add one (it may be empty)'],
  [{ 'm/model.yml': '', 'm/1/model.onnx': 'x' }, 'has no model.yaml; rename its model.yml to model.yaml'],
])('a model without a version that could be served says what to do: %j', async (files, problem) => {
  const folder = await repositoryOf({ ...files, 'good/model.yaml': '', 'good/1/model.onnx': 'x', 'data/2024/table.csv': '' });
  const { versions, broken } = await openRepository(folder);
  expect(versions.map(({ name }) => name)).toEqual(['good']);
  expect(broken).toEqual([{ name: 'm', version: '', problems: [{ file: join(folder, 'm'), problem }] }]);
});

test('a version with a leading zero beside others is named, and so is a model with a name that cannot be one', async () => {
  const files = { 'm/model.yaml': '', 'm/1/model.onnx': 'x', 'm/02/model.onnx': 'x', 'my net/model.yaml': '' };
  const { versions, broken } = await openRepository(await repositoryOf(files));
  expect(versions.map(({ name, version }) => `${name}:${version}`)).toEqual(['m:1']);
  expect(broken.map(({ name, version, problems }) => [name, version, problems[0]?.problem])).toEqual([
    ['m', '02', `is not a version: ${rule}`],
    ['my net', '', expect.stringMatching(/^"my net" is not a valid model name: a name is 1 to 64 characters/)],
  ]);
});

test.each([
  [['Model.onnx'], /^the version folder has no model.onnx, but Model.onnx: rename it to model.onnx/],
  [['net.onnx', 'readme.md'], /but net.onnx: rename it to model.onnx/],
  [['a.onnx', 'b.onnx'], /no model.onnx; put one there, or name a handler$/],
  [['model.onnx.dvc'], /only model.onnx.dvc, which tells DVC where the model is: run `dvc pull`$/],
  [['model.pt'], /but model.pt, a format of PyTorch: export the model to ONNX/],
  [[], /no model.onnx; put one there/],
])('a version without its model.onnx says what to do about %j', (found, sentence) => {
  expect(missingModel(found)).toMatch(sentence);
});

test('a link to nowhere in the place of a model, a version or a file is named, and the others are read', async () => {
  const folder = await repositoryOf({ 'good/model.yaml': '', 'good/1/model.onnx': 'x', 'm/model.yaml': '', 'm/1/model.onnx': 'x' });
  await symlink('/gone', join(folder, 'lost'));
  await symlink('../stored/2', join(folder, 'm/2'));
  await symlink('loop', join(folder, 'loop'));
  await mkdir(join(folder, 'n/1'), { recursive: true });
  await symlink('gone.yaml', join(folder, 'n/model.yaml'));
  const { versions, broken } = await openRepository(folder);
  expect(versions.map(({ name, version }) => `${name}:${version}`)).toEqual(['good:1', 'm:1']);
  expect(broken.map(({ name, version, problems }) => `${name}:${version} ${problems[0]?.problem}`)).toEqual([
    'loop: is a link to "loop", and from there links lead back to it',
    'lost: is a link to "/gone", which does not exist',
    'm:2 is a link to "../stored/2", which does not exist',
    'n:1 is a link to "gone.yaml", which does not exist',
  ]);
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
    const names = (entries: { name: string; version: string }[]) => entries.map(({ name, version }) => `${name}:${version}`);
    return selection.ok ? [...names(selection.versions), ...names(selection.broken).map((name) => `broken ${name}`)] : selection.problem;
  };
  expect(select('a,b')).toEqual(['a:10', 'b:1']);
  expect(select('a:2, b, a:2')).toEqual(['a:2', 'b:1']);
  expect(select()).toEqual(['a:10', 'b:1', 'broken c:1']);
  expect(select('b,c')).toEqual(['b:1', 'broken c:1']);
  expect(select('d')).toBe(`there is no model "d" in ${folder}. It has a, b, c`);
  expect(select('a:3')).toBe('model "a" has no version 3; it has 10, 2');
  expect(select('a:x')).toBe('"a:x" does not name a model: write NAME or NAME:VERSION, such as digits or charlm:2');
});
