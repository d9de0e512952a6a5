import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildModel, plusOne } from '../../test/support/onnx-fixture.ts';
import { type CheckLine, checkRepository } from '../check-repository.ts';
import { engineOn, floats, taskOf, text, textOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const demo = fileURLToPath(new URL('../../models', import.meta.url));
const words = `
handler: handler.ts
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: said, datatype: BYTES, shape: [1] }]
`;

/** Why an engine could not load this one model. */
async function refusal(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await repositoryOf(files);
  const { engine } = await engineOn(folder, ['m']);
  return engine.failed[0]?.reason.replaceAll(folder, '') ?? 'it was loaded';
}

test('what was loaded is announced with its metadata', async () => {
  const { engine } = await engineOn(demo, ['digits', 'charlm']);
  const [digits, charlm] = engine.models;
  expect(digits).toMatchObject({
    continuous: false,
    spec: {
      kind: 'onnx',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 64], optional: false }],
      outputs: [{ name: 'logits', datatype: 'FP32', shape: [-1, 10] }],
      maxBatchSize: 64,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  });
  expect(charlm).toMatchObject({ continuous: true, spec: { kind: 'handler', hardLimitMs: 60_000 } });
  expect(charlm?.spec.parameters.map(({ name }) => name)).toEqual(['max_tokens', 'temperature', 'seed']);
});

test('what cannot be loaded is told with the reason, and the others are loaded', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': 'junk', 'n/model.yaml': '', 'n/1/model.onnx': plusOne([2]) });
  const { engine } = await engineOn(folder, ['m', 'n']);
  expect(engine.models.map(({ spec }) => spec.name)).toEqual(['n']);
  const reason = expect.stringMatching(/^Protobuf parsing failed/);
  expect(engine.failed).toEqual([{ name: 'm', version: '1', reason, detail: expect.stringContaining('Load model from') }]);
});

test('settings that do not fit the graph are told', async () => {
  expect(await refusal({ 'm/model.yaml': 'max_batch_size: 4', 'm/1/model.onnx': plusOne([2, 3]) })).toBe(
    'max_batch_size is 4, but dimension 0 of "x" ([2, 3]) is not free: ' +
      'export the model with a dynamic batch dimension, or leave max_batch_size at 0',
  );
  const scores = 'postprocess: { kind: classification, output: y }\nlabels: [a, b]';
  expect(await refusal({ 'm/model.yaml': scores, 'm/1/model.onnx': plusOne(['n', 3]) })).toBe(
    'there are 2 labels for the 3 classes of output "y"',
  );
  expect(await refusal({ 'm/model.yaml': scores.replace(': y', ': z'), 'm/1/model.onnx': plusOne(['n', 2]) })).toContain(
    'postprocess names output "z"',
  );
});

test('a pipe or a folder in the place of a file of the version keeps nobody waiting', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/other': '', 'n/model.yaml': '', 'n/1/model.onnx/x': '' });
  execFileSync('mkfifo', [join(folder, 'm/1/model.onnx')]);
  const { engine } = await engineOn(folder, ['m', 'n']);
  expect(engine.failed.map(({ reason }) => reason.replaceAll(folder, ''))).toEqual([
    '/m/1/model.onnx is a named pipe, and only files and folders can be read',
    'model.onnx is a folder, not a file',
  ]);
});

test('a model that cannot run on made-up input is served nonetheless', async () => {
  const mismatch = buildModel({
    inputs: { x: { type: 'FP32', shape: ['n', 'w'] } },
    outputs: { y: { type: 'FP32', shape: ['n', 3] } },
    constants: { w: { shape: [4, 3], values: new Float32Array(12).fill(1) } },
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  });
  const { engine, heard } = await engineOn(await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': mismatch }), ['m']);
  expect(engine.models[0]?.warning).toMatch(/^its warm-up run on made-up input \(zeros, free dimensions 1\) failed: node MatMul: /);
  engine.start({ name: 'm', version: '1' }, [taskOf('a', { x: floats([1, 4], [1, 2, 3, 4]) })]);
  expect((await heard.outputs('a')).outputs.y?.data).toEqual(Float32Array.of(10, 10, 10));
});

test('a handler that cannot be loaded is refused', async () => {
  const handler = (source: string) => refusal({ 'm/model.yaml': words, 'm/1/handler.ts': source });
  expect(await handler('export default 3;')).toBe('it must `export default defineHandler({ load, run })`, or `step` in place of `run`');
  expect(await handler(`export default { load() { throw new Error('no licence'); }, run() {} };`)).toContain('no licence');
  expect(await handler(`export default { load: ({ session }) => session('../../secret'), run() {} };`)).toContain(
    'session(): "../../secret" must name a file within /m/1',
  );
  expect(await handler(`export default { load: ({ session }) => session('gone.onnx'), run() {} };`)).toContain(
    'session(): there is no file "gone.onnx" in /m/1',
  );
  expect(await handler('import "nowhere";')).toContain(`Cannot find package 'nowhere'`);
});

test('a handler that refuses its warm-up item is ready nonetheless, and none of its pieces get out', async () => {
  const source = `
import { defineHandler } from '@inferq/worker/handler';
export default defineHandler({
  load: () => ({ seen: 0 }),
  async run([item], state) {
    state.seen++;
    await item.emit({ said: item.inputs.word });
    if (item.inputs.word.data[0].length === 0) throw new Error('an empty word');
    item.complete({ said: { datatype: 'BYTES', shape: [1], data: [new TextEncoder().encode(String(state.seen))] } });
  },
});`;
  const folder = await repositoryOf({ 'm/model.yaml': words, 'm/1/handler.ts': source });
  const { engine, heard } = await engineOn(folder, ['m']);
  expect(engine.models[0]?.warning).toBe('its warm-up item failed: an empty word');
  engine.start({ name: 'm', version: '1' }, [taskOf('a', { word: text('x') })]);
  expect(textOf((await heard.outputs('a')).outputs.said)).toBe('2');
  expect(heard.chunks.map(({ key }) => key)).toEqual(['a']);
});

test.skipIf(existsSync('/dev/nvidiactl'))('a GPU that cannot be used is refused with what to do, never replaced by the CPU', async () => {
  const folder = await repositoryOf({ 'm/model.yaml': '', 'm/1/model.onnx': plusOne([1]) });
  await expect(engineOn(folder, ['m'], 'cuda:0')).rejects.toThrow(
    /^device cuda:0 was asked for, but CUDA cannot be loaded: .+\. Install .+, or start with --devices cpu$/,
  );
});

const code = (body: string) => `import { defineHandler } from '@inferq/worker/handler';
export default defineHandler({ load: () => undefined, async run([item]) { ${body} } });`;
const answer = "item.complete({ said: { datatype: 'BYTES', shape: [1], data: [new Uint8Array()] } })";

test.each([
  ['item.inputs.wrod.data', 'fault'],
  ['undeclared()', 'fault'],
  ["await import('./gone.ts')", 'fault'],
  ['try { null.x } catch (error) { item.fail(error) }', 'fault'],
  ['(function deeper() { deeper(); })()', 'fault'],
  ["item.complete({ sad: { datatype: 'BYTES', shape: [1], data: [new Uint8Array()] } })", 'fault'],
  ["item.complete({ said: { datatype: 'INT8', shape: [1], data: new Int8Array(1) } })", 'fault'],
  ['', 'fault'],
  ["throw new Error('an empty word')", 'warning'],
  ["item.fail('an empty word')", 'warning'],
  ['JSON.parse(new TextDecoder().decode(item.inputs.word.data[0]))', 'warning'],
  ['new URL(new TextDecoder().decode(item.inputs.word.data[0]))', 'warning'],
  [answer, 'none'],
])('of a warm-up on a blank input, %j is told as %s', async (body, kind) => {
  const { engine } = await engineOn(await repositoryOf({ 'm/model.yaml': words, 'm/1/handler.ts': code(body) }), ['m']);
  const { warning, fault } = engine.models[0] ?? {};
  expect(fault === undefined ? (warning === undefined ? 'none' : 'warning') : 'fault').toBe(kind);
});

async function check(folder: string): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for await (const line of checkRepository(folder, () => {})) lines.push(line);
  return lines;
}

test('a repository is checked version by version, and a crash or a load without end costs its own version only', async () => {
  const never = 'load_time_limit: 1s\n';
  const folder = await repositoryOf({
    'bad/model.yaml': 'quue: x',
    'bad/1/model.onnx': 'x',
    'crash/model.yaml': words,
    'crash/1/handler.ts': `import { kill, pid } from 'node:process'; export default { load() { kill(pid, 'SIGSEGV'); }, run() {} };`,
    'endless/model.yaml': never + words,
    'endless/1/handler.ts': 'export default { load() { for (;;); }, run() {} };',
    'faulty/model.yaml': words,
    'faulty/1/handler.ts': code('undeclared()'),
    'good/model.yaml': 'max_batch_size: 4',
    'good/2/model.onnx': plusOne(['n', 2]),
    'junk/model.yaml': '',
    'junk/1/model.onnx': 'junk',
    'last/model.yaml': '',
    'last/1/model.onnx': plusOne(['n', 2]),
  });
  expect(await check(folder)).toEqual([
    { model: 'bad', version: '1', problem: expect.stringContaining('"quue" is not a key') },
    { model: 'crash', version: '1', problem: 'loading it ended the process (SIGSEGV)' },
    { model: 'endless', version: '1', problem: 'it took longer than its load_time_limit of 1 s' },
    { model: 'faulty', version: '1', problem: 'its warm-up item failed: undeclared is not defined' },
    { model: 'good', version: '2', summary: 'ONNX, x FP32 [-1, 2] -> y FP32 [-1, 2], batches of up to 4 rows, queue default' },
    { model: 'junk', version: '1', problem: expect.stringContaining('Protobuf parsing failed') },
    { model: 'last', version: '1', summary: expect.stringContaining('ONNX, x FP32') },
  ]);
  expect(await check(demo)).toMatchObject([
    { model: 'charlm', summary: expect.any(String) },
    { model: 'digits', summary: expect.any(String) },
  ]);
});
