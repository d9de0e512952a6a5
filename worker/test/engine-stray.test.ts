import { expect, test } from 'vitest';
import { engineOn, taskOf, text, textOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const settings = `
handler: handler.ts
max_batch_size: 8
warmup: 0
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: said, datatype: BYTES, shape: [1] }]
`;
const prelude = `
import { EventEmitter } from 'node:events';
import { defineHandler, type Item } from '@inferq/worker/handler';
const say = (word: string) => ({ said: { datatype: 'BYTES' as const, shape: [1], data: [new TextEncoder().encode(word)] } });
const heard = (item: Item) => new TextDecoder().decode((item.inputs.word!.data as Uint8Array[])[0]);
const turn = () => new Promise((resolve) => setImmediate(resolve));
`;
const say = (key: string, word = key) => taskOf(key, { word: text(word) });
const ref = { name: 'talk', version: '1' };

async function talking(body: string) {
  const folder = await repositoryOf({ 'talk/model.yaml': settings, 'talk/1/handler.ts': prelude + body });
  return engineOn(folder, ['talk']);
}

/** Ways in which code goes wrong beside the call that started it. */
const strays = {
  'a throw in a timer': 'setTimeout(() => { throw new Error("astray"); })',
  'a throw in an immediate': 'setImmediate(() => { throw new Error("astray"); })',
  'a promise that nobody awaits': 'void (async () => { await turn(); throw new Error("astray"); })()',
  'an error event without a listener': 'setTimeout(() => new EventEmitter().emit("error", new Error("astray")))',
  'a throw in a listener':
    '(() => { const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("astray"); }); setTimeout(() => t.dispatchEvent(new Event("x"))); })()',
  'process.exit in a timer': 'setTimeout(() => process.exit(3))',
};

test.each(Object.entries(strays))('%s, left behind by an earlier task, costs the task that runs by then nothing', async (_, stray) => {
  const { engine, heard } = await talking(`
let left = 0;
process.on('uncaughtException', () => left++);
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    if (heard(item!) === 'culprit') ${stray};
    else while (left === 0) await turn();
    item!.complete(say(heard(item!)));
  },
});`);
  engine.start(ref, [say('culprit')]);
  engine.start(ref, [say('innocent')]);
  await heard.outputs('culprit');
  expect(textOf((await heard.outputs('innocent')).outputs.said)).toBe('innocent');
  expect([heard.failure, heard.faulted]).toEqual([undefined, undefined]);
});

test.each(Object.entries(strays))('%s fails the task whose call is still going on, and the thread goes on', async (_, stray) => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    if (heard(item!) === 'culprit') {
      ${stray};
      await new Promise((resolve) => item!.signal.addEventListener('abort', resolve));
      return;
    }
    item!.complete(say('fine'));
  },
});`);
  engine.start(ref, [say('culprit')]);
  engine.start(ref, [say('next')]);
  const { error, retry } = await heard.fault('culprit');
  expect(error).toMatchObject({ code: 'MODEL_ERROR', message: expect.stringMatching(/astray|process\.exit\(3\)/) });
  expect(error.detail).toContain('handler.ts');
  expect(retry).toBe(true);
  await heard.outputs('next');
  expect([heard.failure, heard.faulted]).toEqual([undefined, undefined]);
});

test('of several tasks in a call an error beside it proves nothing: those that are not settled are given back to run alone', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run(items) {
    items[0]!.complete(say('done before'));
    setTimeout(() => { throw new Error('astray'); });
    await new Promise((resolve) => items[1]!.signal.addEventListener('abort', resolve));
  },
});`);
  const batch = engine.start(ref, [say('a'), say('b'), say('c')]);
  await heard.until(() => heard.over.includes(batch));
  expect(['a', 'b', 'c'].map((key) => heard.outcomes.get(key)?.outcome.kind)).toEqual(['complete', 'suspect', 'suspect']);
});

test('a throw in a listener of its signal fails the task, and its neighbours go on', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async step(items) {
    await turn();
    for (const item of items) {
      if (heard(item) === 'bad') item.signal.addEventListener('abort', () => { throw new Error('astray'); }, { once: true });
      else item.complete(say('fine'));
    }
    await items[0]!.emit(say('step'));
  },
});`);
  engine.start(ref, [say('bad')]);
  await heard.until(() => heard.chunks.length > 0);
  engine.abort('bad', 'soft');
  expect((await heard.fault('bad')).error).toMatchObject({ code: 'SOFT_TIME_LIMIT', message: 'astray' });
  engine.start(ref, [say('next')]);
  await heard.outputs('next');
  expect([heard.failure, heard.faulted]).toEqual([undefined, undefined]);
});

test('a call that does not return after an error outside it ends the thread, which blames nobody', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    setTimeout(() => { throw new Error('astray'); });
    await new Promise(() => {});
  },
});`);
  engine.start(ref, [say('culprit')]);
  engine.start(ref, [say('innocent')]);
  expect((await heard.fault('culprit')).error.message).toBe('astray');
  await heard.until(() => heard.faulted);
  expect(heard.faulted?.message).toBe('a call of talk:1 does not return after an error outside it');
  expect(heard.outcomes.has('innocent')).toBe(false);
  expect(heard.failure).toBeUndefined();
});

test('an error that belongs to no call ends the thread, which blames nobody', async () => {
  const { engine, heard } = await talking(`
import { parentPort } from 'node:worker_threads';
export default defineHandler({
  load: () => void parentPort!.on('message', () => { throw new Error('astray'); }),
  run: () => new Promise(() => {}),
});`);
  engine.start(ref, [say('innocent')]);
  await heard.until(() => heard.faulted);
  expect(heard.faulted?.message).toBe('astray');
  expect([heard.failure, heard.outcomes.size]).toEqual([undefined, 0]);
});

test('what a neighbour’s own item has told its handler is not charged to the others of the call', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run(items) {
    for (const item of items) {
      await item.emit(say('x'));
      item.complete(say('y'));
    }
  },
});`);
  heard.answering = false;
  engine.start(ref, [say('lost'), say('innocent')]);
  const chunk = await heard.until(() => heard.chunks[0]);
  chunk.done(false);
  expect((await heard.fault('lost')).error.code).toBe('CANCELLED');
  expect((await heard.until(() => heard.outcomes.get('innocent'))).outcome).toEqual({ kind: 'suspect' });
});

test('what an item of an earlier call has told its handler is charged like any other error when it is thrown again', async () => {
  const { engine, heard } = await talking(`
let kept: unknown;
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    if (kept) throw kept;
    await item!.emit(say('x')).catch((error) => { kept = error; });
    item!.complete(say('y'));
  },
});`);
  heard.answering = false;
  engine.start(ref, [say('lost')]);
  (await heard.until(() => heard.chunks[0])).done(false);
  await heard.outputs('lost');
  engine.start(ref, [say('next')]);
  expect(await heard.fault('next')).toMatchObject({ error: { code: 'MODEL_ERROR' }, retry: true });
});

test('an error beside the loading of a model refuses it, and one that comes later is charged to no task', async () => {
  const load = (body: string, more = '') => `
let failed = 0;
process.on('uncaughtException', () => failed++);
${more}
export default defineHandler({
  async load() { ${body} },
  async run([item]) {
    while (failed === 0) await turn();
    item!.complete(say('fine'));
  },
});`;
  for (const broken of [
    load('setTimeout(() => { throw new Error("astray"); }); await new Promise(() => {});'),
    load('await new Promise(() => {});', 'void Promise.reject(new Error("astray"));'),
  ]) {
    const { engine } = await talking(broken);
    expect(engine.failed).toMatchObject([{ name: 'talk', version: '1', reason: 'astray' }]);
  }
  const { engine, heard } = await talking(load('setTimeout(() => { throw new Error("astray"); }, 100);'));
  engine.start(ref, [say('innocent')]);
  await heard.outputs('innocent');
  expect([heard.failure, heard.faulted]).toEqual([undefined, undefined]);
});
