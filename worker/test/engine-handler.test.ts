import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plusOne } from '../../test/support/onnx-fixture.ts';
import { engineOn, floats, taskOf, text, textOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const settings = `
handler: handler.ts
max_batch_size: 8
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: said, datatype: BYTES, shape: [1] }]
`;
const prelude = `
import { defineHandler, type Item } from '@inferq/worker/handler';
const say = (word: string) => ({ said: { datatype: 'BYTES' as const, shape: [1], data: [new TextEncoder().encode(word)] } });
const heard = (item: Item) => new TextDecoder().decode((item.inputs.word!.data as Uint8Array[])[0]);
`;
const say = (key: string, word: string, parameters = {}) => taskOf(key, { word: text(word) }, parameters);
const ref = { name: 'talk', version: '1' };

async function talking(body: string) {
  const folder = await repositoryOf({ 'talk/model.yaml': settings, 'talk/1/handler.ts': prelude + body });
  return engineOn(folder, ['talk']);
}

const moody = `
export default defineHandler({
  load: () => undefined,
  run(items) {
    for (const item of items) {
      const word = heard(item);
      if (word === 'refuse') item.fail('cannot say that', { code: 'INVALID_INPUT' });
      else if (word === 'again') item.fail(new Error('not today'));
      else if (word === 'never') item.fail('not ever', { retry: false });
      else if (word === 'other') item.complete({ sung: say('x').said });
      else if (word === 'numbers') item.complete({ said: { datatype: 'FP32', shape: [1], data: Float32Array.of(1) } });
      else if (word === 'two') item.complete({ said: { datatype: 'BYTES', shape: [2], data: [new Uint8Array(), new Uint8Array()] } });
      else if (word === 'nothing') item.complete({});
      else if (word === 'forget') continue;
      else item.complete(say(word + '!'));
      item.complete(say('too late'));
    }
  },
});`;

test('each item of a run is settled by its own first word', async () => {
  const { engine, heard } = await talking(moody);
  const words = ['hello', 'refuse', 'again', 'never', 'other', 'numbers', 'two', 'nothing', 'forget'];
  const batch = engine.start(
    ref,
    words.map((word) => say(word, word)),
  );
  expect(textOf((await heard.outputs('hello')).outputs.said)).toBe('hello!');
  expect((await heard.outputs('hello')).facts).toMatchObject({ batchTasks: 9, batchRows: 9 });
  expect(await heard.fault('refuse')).toMatchObject({ error: { code: 'INVALID_INPUT', message: 'cannot say that' }, retry: false });
  expect(await heard.fault('again')).toMatchObject({ error: { code: 'MODEL_ERROR', message: 'not today' }, retry: true });
  expect((await heard.fault('again')).error.detail).toContain('handler.ts');
  expect(await heard.fault('never')).toMatchObject({ error: { code: 'MODEL_ERROR' }, retry: false });
  for (const [key, sentence] of [
    ['other', 'the handler gave an output "sung", which the model does not declare; it has said'],
    ['numbers', 'output "said" is FP32, but the model declares BYTES'],
    ['two', 'output "said" is of the wrong shape: dimension 0 is 2, but "said" takes [1]'],
    ['nothing', 'the handler gave no output "said", which the model declares'],
    ['forget', 'the handler returned without settling this item; it must complete or fail every item'],
  ] as const) {
    expect(await heard.fault(key)).toMatchObject({ error: { code: 'MODEL_ERROR', message: sentence } });
  }
  await heard.until(() => heard.over.length > 0);
  expect(heard.over).toEqual([batch]);
});

test('what a run throws fails the items that it left, and those alone', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run(items) {
    for (const item of items) {
      if (heard(item) === 'bad') throw new Error('cannot allocate: out of memory\\nmore of it');
      item.complete(say(heard(item)));
    }
  },
});`);
  engine.start(ref, [say('a', 'a'), say('bad', 'bad'), say('c', 'c')]);
  expect(textOf((await heard.outputs('a')).outputs.said)).toBe('a');
  expect(await heard.fault('bad')).toMatchObject({
    error: { code: 'OUT_OF_MEMORY', message: 'cannot allocate: out of memory' },
    retry: true,
  });
  expect(await heard.fault('c')).toMatchObject({ retry: true });
  expect(Buffer.byteLength((await heard.fault('c')).error.detail)).toBeLessThanOrEqual(4_096);
  // The thread goes on.
  engine.start(ref, [say('d', 'd')]);
  expect(textOf((await heard.outputs('d')).outputs.said)).toBe('d');
});

test('a handler without a batch dimension gets its items one at a time, and the batch is one call', async () => {
  const counting = 'run: (items) => items.forEach((item) => item.complete(say(String(items.length))))';
  const folder = await repositoryOf({
    'talk/model.yaml': settings.replace('max_batch_size: 8', ''),
    'talk/1/handler.ts': `${prelude}export default defineHandler({ load: () => undefined, ${counting} });`,
  });
  const { engine, heard } = await engineOn(folder, ['talk']);
  const batch = engine.start(ref, [say('a', 'a'), say('b', 'b')]);
  expect(textOf((await heard.outputs('a')).outputs.said)).toBe('1');
  expect(textOf((await heard.outputs('b')).outputs.said)).toBe('1');
  await heard.until(() => heard.over.length > 0);
  expect(heard.over).toEqual([batch]);
});

test('load gets the folder and the settings, run gets parameters with defaults filled in, and sessions run in it', async () => {
  const folder = await repositoryOf({
    'calc/model.yaml': `
handler: calc.ts
max_batch_size: 4
inputs: [{ name: x, datatype: FP32, shape: [-1] }]
outputs: [{ name: y, datatype: FP32, shape: [-1] }]
parameters:
  times: { type: int64, default: 3 }
  offset: { type: double, default: 0.5 }
`,
    'calc/1/plus.onnx': plusOne(['n']),
    'calc/1/calc.ts': `
import { defineHandler, type Session } from '@inferq/worker/handler';
export default defineHandler<Session>({
  async load({ model, version, device, config, session }) {
    if (model + version + device + config.max_batch_size !== 'calc1cpu4') throw new Error('wrong context');
    return session('plus.onnx');
  },
  async run(items, session) {
    for (const item of items) {
      const { y } = await session.run({ x: item.inputs.x! });
      const { times, offset } = item.parameters as { times: number; offset: number };
      item.complete({ y: { ...y!, data: (y!.data as Float32Array).map((value) => value * times + offset) } });
    }
  },
});`,
  });
  const { engine, heard } = await engineOn(folder, ['calc']);
  engine.start({ name: 'calc', version: '1' }, [
    taskOf('a', { x: floats([2], [1, 2]) }),
    taskOf('b', { x: floats([2], [1, 2]) }, { times: 10, offset: 0.25 }),
    taskOf('c', { x: floats([1], [1]) }, { speed: 1 }),
  ]);
  expect((await heard.outputs('a')).outputs.y?.data).toEqual(Float32Array.of(6.5, 9.5));
  expect((await heard.outputs('b')).outputs.y?.data).toEqual(Float32Array.of(20.25, 30.25));
  expect((await heard.fault('c')).error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('parameters.speed') });
});

test('what a session refuses is sure to be refused again: the task ends, with the reason', async () => {
  const folder = await repositoryOf({
    'calc/model.yaml': `
handler: calc.ts
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: y, datatype: FP32, shape: [-1] }]
`,
    'calc/1/plus.onnx': plusOne(['n', 2]),
    'calc/1/calc.ts': `
import { defineHandler, type Session, type Tensors } from '@inferq/worker/handler';
const feeds: Record<string, Tensors> = {
  unknown: { z: { datatype: 'FP32', shape: [1, 2], data: new Float32Array(2) } },
  missing: {},
  rank: { x: { datatype: 'FP32', shape: [2], data: new Float32Array(2) } },
  type: { x: { datatype: 'INT64', shape: [1, 2], data: new BigInt64Array(2) } },
  size: { x: { datatype: 'FP32', shape: [3, 2], data: new Float32Array(2) } },
};
export default defineHandler<Session>({
  load: ({ session }) => session('plus.onnx'),
  async run([item], session) {
    const word = new TextDecoder().decode((item!.inputs.word!.data as Uint8Array[])[0]);
    await session.run(feeds[word]!).catch((error) => (word === 'rank' ? item!.fail(error) : Promise.reject(error)));
  },
});`,
  });
  const { engine, heard } = await engineOn(folder, ['calc']);
  const sentences = {
    unknown: 'the model has no input z; it takes x',
    missing: "input 'x' is missing in 'feeds'",
    rank: 'Invalid rank for input: x Got: 1 Expected: 2',
    type: 'input "x" is INT64, but the model takes FP32',
    size: 'tensor "x" has 2 elements, which do not fit its shape [3, 2]',
  };
  for (const [word, message] of Object.entries(sentences)) {
    engine.start({ name: 'calc', version: '1' }, [taskOf(word, { word: text(word) })]);
    expect(await heard.fault(word)).toMatchObject({ error: { code: 'INVALID_INPUT', message }, retry: false });
  }
});

test('an item that was taken back before its batch begins is not shown to the handler', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run(items) {
    for (const item of items) { await item.emit(say('seen')); item.complete(say('done')); }
  },
});`);
  heard.answering = false;
  const first = engine.start(ref, [say('first', 'a')]);
  const [chunk] = await heard.until(() => heard.chunks.length > 0 && heard.chunks);
  const second = engine.start(ref, [say('unwanted', 'b')]);
  engine.abort('unwanted', 'cancel');
  expect(await heard.fault('unwanted')).toMatchObject({ error: { code: 'CANCELLED' }, retry: false });
  chunk?.done(true);
  await heard.until(() => heard.over.length === 2);
  expect(heard.over).toEqual([first, second]);
  expect(heard.chunks.map(({ key }) => key)).toEqual(['first']);
});

test('progress is told, cut to its bounds, the latest of a moment only', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    for (let i = 0; i < 1000; i++) item!.progress(i / 500, 'part ' + i);
    await item!.emit(say('piece'));
    item!.complete(say('done'));
  },
});`);
  engine.start(ref, [say('a', 'a')]);
  await heard.outputs('a');
  expect(heard.progressed).toEqual([{ key: 'a', fraction: 1, message: 'part 999' }]);
});

test('a ping is not answered before the call that blocks the thread has returned', async () => {
  const { engine, heard } = await talking(`
import { existsSync } from 'node:fs';
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    const file = heard(item!);
    if (file) await item!.emit(say('begun'));
    while (file && !existsSync(file));
    item!.complete(say('returned'));
  },
});`);
  const file = join(await repositoryOf({}), 'now');
  engine.start(ref, [say('a', file)]);
  await heard.until(() => heard.chunks[0]);
  const answered = new Promise<void>((resolve) => engine.ping(resolve));
  await writeFile(file, '');
  await answered;
  expect(heard.outcomes.has('a')).toBe(true);
});

/** Each is an expression, as a handler may throw it. */
const oddities = [
  'undefined',
  'null',
  'Symbol("s")',
  'Object.create(null)',
  '{ toString() { throw new Error("no") } }',
  'Object.assign(new Error("x"), { message: Symbol("s") })',
  'Object.defineProperty(new Error("x"), "stack", { get() { throw new Error("no") } })',
  '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()',
  '"long ".repeat(20_000_000)',
];

test('whatever a handler throws fails its item, and nothing else', async () => {
  const { engine, heard } = await talking(`
const oddities = [${oddities.map((oddity) => `() => (${oddity})`).join(',')}];
export default defineHandler({
  load: () => undefined,
  run([item]) {
    const word = heard(item!);
    if (word === 'last') item!.complete(say('!'));
    else throw oddities[Number(word)]!();
  },
});`);
  for (const index of oddities.keys()) {
    engine.start(ref, [say(`${index}`, `${index}`)]);
    const { error } = await heard.fault(`${index}`);
    expect(error.code).toBe('MODEL_ERROR');
    expect(error.message).not.toBe('');
    expect(error.message.length).toBeLessThanOrEqual(1_024);
  }
  engine.start(ref, [say('last', 'last')]);
  await heard.outputs('last');
  expect(heard.failure).toBeUndefined();
});

test('what a handler says in errors and progress is plain text, in the detail with its lines', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    item!.progress(0.5, 'half\\u001b[2J way\\nforged');
    await new Promise((resolve) => setImmediate(resolve));
    if (heard(item!) === 'fail') item!.fail('no\\u001b]0;title\\u0007 \\u202eway');
    throw new Error('went \\u009b31mwrong');
  },
});`);
  engine.start(ref, [say('throws', 'throws')]);
  engine.start(ref, [say('fail', 'fail')]);
  expect((await heard.fault('throws')).error).toMatchObject({
    message: 'went wrong',
    detail: expect.stringMatching(/^Error: went wrong\n +at /),
  });
  expect((await heard.fault('fail')).error.message).toBe('no way');
  expect(heard.progressed[0]?.message).toBe('half way forged');
});
