import type { ModelTensor, ModelTensorData } from '@inferq/core/tensor/tensor.ts';
import { beforeAll, expect, test } from 'vitest';
import { identity } from '../../test/support/onnx-fixture.ts';
import { edgeValues } from './edge-values.ts';
import { engineOn, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

type Served = keyof typeof edgeValues;
const served = Object.keys(edgeValues) as Served[];
let folder: string;

const through = `
import { defineHandler, type Session } from '@inferq/worker/handler';
export default defineHandler<Session>({
  load: ({ session }) => session('model.onnx'),
  async run([item], session) {
    item!.complete(await session.run(item!.inputs));
  },
});`;

beforeAll(async () => {
  const models = served.map((datatype): Record<string, string | Uint8Array> => {
    const declared = (name: string) => `[{ name: ${name}, datatype: ${datatype}, shape: [-1] }]`;
    return {
      [`plain-${datatype}/model.yaml`]: '',
      [`plain-${datatype}/1/model.onnx`]: identity(datatype, ['n']),
      [`rows-${datatype}/model.yaml`]: 'max_batch_size: 4096',
      [`rows-${datatype}/1/model.onnx`]: identity(datatype, ['n']),
      [`handler-${datatype}/model.yaml`]: `handler: handler.ts\ninputs: ${declared('x')}\noutputs: ${declared('y')}`,
      [`handler-${datatype}/1/handler.ts`]: through,
      [`handler-${datatype}/1/model.onnx`]: identity(datatype, ['n']),
    };
  });
  folder = await repositoryOf(Object.assign({}, ...models));
});

/** The same kind of array with `length` elements, taken from the front again and again. */
function repeated(data: ModelTensorData, length: number): ModelTensorData {
  if (Array.isArray(data)) return Array.from({ length }, (_, index) => data[index % data.length] as Uint8Array);
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: size } = data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const copy = Uint8Array.from({ length: length * size }, (_, index) => bytes[index % byteLength] as number);
  return new (data.constructor as Uint8ArrayConstructor)(copy.buffer);
}

test('every datatype comes back from ONNX Runtime as it went in: plain, in batches, and through a handler', async () => {
  const kinds = ['plain', 'rows', 'handler'];
  const names = served.flatMap((datatype) => kinds.map((kind) => `${kind}-${datatype}`));
  const { engine, heard } = await engineOn(folder, names);
  for (const name of names) {
    const datatype = name.slice(name.indexOf('-') + 1) as Served;
    const data = edgeValues[datatype];
    const lengths = { edges: data.length, none: 0, many: 10_000 };
    for (const [label, length] of Object.entries(lengths)) {
      // Rows are counted from 1.
      if (length === 0 && name.startsWith('rows')) continue;
      const tensor: ModelTensor = { datatype, shape: [length], data: repeated(data, length) };
      const key = `${name} ${label}`;
      engine.start({ name, version: '1' }, [taskOf(key, { x: tensor })]);
      expect((await heard.outputs(key)).outputs.y, key).toEqual(tensor);
    }
  }
});

const words = (...elements: number[][]) => ({
  x: { datatype: 'BYTES' as const, shape: [elements.length], data: elements.map((bytes) => Uint8Array.from(bytes)) },
});

test.each(['plain-BYTES', 'rows-BYTES', 'handler-BYTES'])('text that ONNX Runtime would change is refused by %s', async (name) => {
  const { engine, heard } = await engineOn(folder, [name]);
  const bad = {
    'element 1 has a NUL byte, at which ONNX Runtime would cut it': words([0x61], [0x61, 0, 0x62]),
    'element 0 is not UTF-8': words([0xff]),
    // A lone surrogate, as some encoders write it; a character cut in two.
    'element 2 is not UTF-8': words([], [0x61], [0xed, 0xa0, 0x80]),
    'element 1 is not UTF-8': words([0x61], [0xc3]),
  };
  for (const [why, inputs] of Object.entries(bad)) {
    engine.start({ name, version: '1' }, [taskOf(why, inputs)]);
    const message = `input "x" is text for this model, and ${why}`;
    expect(await heard.fault(why)).toMatchObject({ error: { code: 'INVALID_INPUT', message }, retry: false });
  }
});

test('a handler learns which of its tensors a session does not take, and why', async () => {
  const ask = `
import { defineHandler, type Session, type Tensors } from '@inferq/worker/handler';
const feeds: Record<string, Tensors> = {
  bf16: { x: { datatype: 'BF16', shape: [1], data: Uint16Array.of(1) } },
  array: { x: { datatype: 'FP16', shape: [1], data: Float32Array.of(1) } },
  size: { x: { datatype: 'FP16', shape: [2], data: Uint16Array.of(1) } },
  bool: { x: { datatype: 'BOOL', shape: [1], data: Uint8Array.of(1) } },
};
export default defineHandler<Session>({
  load: ({ session }) => session('model.onnx'),
  async run([item], session) {
    const word = new TextDecoder().decode((item!.inputs.word!.data as Uint8Array[])[0]);
    item!.complete(await session.run(feeds[word]!));
  },
});`;
  const repository = await repositoryOf({
    'ask/model.yaml': 'handler: handler.ts\ninputs: [{ name: word, datatype: BYTES, shape: [1] }]\noutputs: []\nwarmup: false',
    'ask/1/handler.ts': ask,
    'ask/1/model.onnx': identity('FP16', ['n']),
  });
  const { engine, heard } = await engineOn(repository, ['ask']);
  const sentences = {
    bf16: 'input "x" is BF16, but the model takes FP16',
    array: 'tensor "x" is FP16, so its data must be of type Uint16Array',
    size: 'tensor "x" has 1 elements, which do not fit its shape [2]',
    bool: 'input "x" is BOOL, but the model takes FP16',
  };
  for (const [word, message] of Object.entries(sentences)) {
    const inputs = { word: { datatype: 'BYTES' as const, shape: [1], data: [new TextEncoder().encode(word)] } };
    engine.start({ name: 'ask', version: '1' }, [taskOf(word, inputs)]);
    expect(await heard.fault(word)).toMatchObject({ error: { code: 'INVALID_INPUT', message }, retry: false });
  }
});
