import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildModel, plusOne } from '../../test/support/onnx-fixture.ts';
import { checkRepository } from '../check-repository.ts';
import { engineOn, taskOf, text, textOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const demo = fileURLToPath(new URL('../../models', import.meta.url));
const words = `
handler: handler.ts
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: said, datatype: BYTES, shape: [1] }]
`;

/** What an engine on this one model says instead of starting. */
async function refusal(files: Record<string, string | Uint8Array>, device = 'cpu'): Promise<string> {
  const folder = await repositoryOf(files);
  return engineOn(folder, ['m'], device).then(
    () => 'it started',
    (error: Error) => error.message.replaceAll(folder, ''),
  );
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

test('a broken model is refused with a sentence that names model, version and file', async () => {
  expect(await refusal({ 'm/model.yaml': '', 'm/1/model.onnx': 'junk' })).toMatch(
    /^model m:1 \(\/m\/1\/model.onnx\) cannot be served: .*Protobuf parsing failed$/,
  );
  expect(await refusal({ 'm/model.yaml': 'max_batch_size: 4', 'm/1/model.onnx': plusOne([2, 3]) })).toBe(
    'model m:1 (/m/1/model.onnx) cannot be served: max_batch_size is 4, but dimension 0 of "x" ([2, 3]) is not free: ' +
      'export the model with a dynamic batch dimension, or leave max_batch_size at 0',
  );
  const scores = 'postprocess: { kind: classification, output: y }\nlabels: [a, b]';
  expect(await refusal({ 'm/model.yaml': scores, 'm/1/model.onnx': plusOne(['n', 3]) })).toContain(
    'there are 2 labels for the 3 classes of output "y"',
  );
  expect(await refusal({ 'm/model.yaml': scores.replace(': y', ': z'), 'm/1/model.onnx': plusOne(['n', 2]) })).toContain(
    'postprocess names output "z"',
  );
  const mismatch = buildModel({
    inputs: { x: { type: 'FP32', shape: ['n', 'w'] } },
    outputs: { y: { type: 'FP32', shape: ['n', 3] } },
    constants: { w: { shape: [4, 3], values: new Float32Array(12) } },
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  });
  expect(await refusal({ 'm/model.yaml': '', 'm/1/model.onnx': mismatch })).toMatch(/its warm-up run failed: .*set `warmup: false`$/);
});

test('a handler that cannot be loaded is refused', async () => {
  const handler = (source: string) => refusal({ 'm/model.yaml': words, 'm/1/handler.ts': source });
  expect(await handler('export default 3;')).toBe(
    'model m:1 (/m/1/handler.ts) cannot be served: it must `export default defineHandler({ load, run })`, or `step` in place of `run`',
  );
  expect(await handler(`export default { load() { throw new Error('no licence'); }, run() {} };`)).toContain(
    'cannot be served: no licence',
  );
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
  const sentence = await refusal({ 'm/model.yaml': '', 'm/1/model.onnx': plusOne([1]) }, 'cuda:0');
  expect(sentence).toMatch(/^device cuda:0 was asked for, but CUDA cannot be loaded: .+\. Install .+, or start with --devices cpu$/);
});

test('a repository is checked version by version, and a crash is contained', async () => {
  const folder = await repositoryOf({
    'bad/model.yaml': 'quue: x',
    'bad/1/model.onnx': 'x',
    'crash/model.yaml': words,
    'crash/1/handler.ts': `import { kill, pid } from 'node:process'; export default { load() { kill(pid, 'SIGSEGV'); }, run() {} };`,
    'good/model.yaml': 'max_batch_size: 4',
    'good/2/model.onnx': plusOne(['n', 2]),
    'junk/model.yaml': '',
    'junk/1/model.onnx': 'junk',
  });
  const { ok, lines } = await checkRepository(folder);
  expect(ok).toBe(false);
  expect(lines).toEqual([
    { model: 'bad', version: '1', problem: expect.stringContaining('"quue" is not a key') },
    { model: 'crash', version: '1', problem: expect.stringContaining('loading it ended the process (SIGSEGV)') },
    { model: 'good', version: '2', summary: 'ONNX, x FP32 [-1, 2] -> y FP32 [-1, 2], batches of up to 4 rows, queue default' },
    { model: 'junk', version: '1', problem: expect.stringContaining('Protobuf parsing failed') },
  ]);
  expect(await checkRepository(demo)).toMatchObject({ ok: true, lines: [{ model: 'charlm' }, { model: 'digits' }] });
});
