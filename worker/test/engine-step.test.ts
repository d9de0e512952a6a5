import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plusOne } from '../../test/support/onnx-fixture.ts';
import { engineOn, floats, taskOf, text, textOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

const demo = fileURLToPath(new URL('../../models', import.meta.url));
const settings = `
handler: handler.ts
max_batch_size: 8
inputs: [{ name: word, datatype: BYTES, shape: [1] }]
outputs: [{ name: said, datatype: BYTES, shape: [1] }]
`;
const ref = { name: 'talk', version: '1' };
const say = (key: string, word: string) => taskOf(key, { word: text(word) });

/** `body` is a step's, called with `item`, the word it was given and how many are live. */
async function stepping(body: string, more: Record<string, string | Uint8Array> = {}, models = ['talk']) {
  const handler = `
import { defineHandler } from '@inferq/worker/handler';
const say = (word: string) => ({ said: { datatype: 'BYTES' as const, shape: [1], data: [new TextEncoder().encode(word)] } });
export default defineHandler({
  load: () => undefined,
  async step(items) {
    for (const item of items) {
      const word = new TextDecoder().decode((item.inputs.word!.data as Uint8Array[])[0]);
      const live = items.length;
      if (word === '') item.complete(say(''));
      else { ${body} }
    }
  },
});`;
  return engineOn(await repositoryOf({ 'talk/model.yaml': settings, 'talk/1/handler.ts': handler, ...more }), models);
}

test('new items join between steps, and the first to be done is settled while others go on', async () => {
  const { engine, heard } = await stepping(`
if (word === 'first') { await item.emit(say('.')); if (live === 2) item.complete(say('together')); }
else if (live === 1) item.complete(say('alone'));`);
  engine.start(ref, [say('a', 'first')]);
  await heard.until(() => heard.chunks.length > 0);
  expect(heard.outcomes.size).toBe(0);
  engine.start(ref, [say('b', 'second')]);
  const a = await heard.outputs('a');
  expect(textOf(a.outputs.said)).toBe('together');
  expect(a.facts).toMatchObject({ batchTasks: 2, batchRows: 2 });
  expect(textOf((await heard.outputs('b')).outputs.said)).toBe('alone');
});

test('other models run between the steps of one that never ends', async () => {
  const { engine, heard } = await stepping(
    `if (item.signal.aborted) item.complete(say('stopped'), { partial: true });`,
    { 'plus/model.yaml': 'max_batch_size: 4', 'plus/1/model.onnx': plusOne(['n']) },
    ['talk', 'plus'],
  );
  engine.start(ref, [say('endless', 'x')]);
  engine.start({ name: 'plus', version: '1' }, [taskOf('quick', { x: floats([1], [1]) })]);
  expect((await heard.outputs('quick')).outputs.y?.data).toEqual(Float32Array.of(2));
  expect(heard.outcomes.has('endless')).toBe(false);
  engine.abort('endless', 'soft');
  const { partial, outputs } = await heard.outputs('endless');
  expect(partial).toBe(true);
  expect(textOf(outputs.said)).toBe('stopped');
});

test('a failure after the signal fired is put down to what fired it', async () => {
  const { engine, heard } = await stepping(`if (item.signal.aborted) item.fail(item.signal.reason); else item.progress(0.5);`);
  engine.start(ref, [say('slow', 'x'), say('unwanted', 'x')]);
  await heard.until(() => heard.progressed.length > 0);
  engine.abort('slow', 'soft');
  engine.abort('unwanted', 'cancel');
  expect(await heard.fault('slow')).toMatchObject({ error: { code: 'SOFT_TIME_LIMIT' }, retry: false });
  expect(await heard.fault('unwanted')).toMatchObject({ error: { code: 'CANCELLED' }, retry: false });
});

test('emit resolves once the piece is held, and rejects where the attempt is lost', async () => {
  const { engine, heard } = await stepping(`
try { await item.emit(say('piece')); item.complete(say('held')); }
catch (error) { item.complete(say((item.signal.aborted ? 'aborted: ' : '') + (error as Error).message)); }`);
  heard.answering = false;
  engine.start(ref, [say('a', 'x')]);
  const first = await heard.until(() => heard.chunks[0]);
  // The thread tells in order: had the handler gone on, its outcome would come before this answer.
  await new Promise<void>((answered) => engine.ping(answered));
  expect(heard.outcomes.size).toBe(0);
  first.done(true);
  expect(textOf((await heard.outputs('a')).outputs.said)).toBe('held');

  engine.start(ref, [say('b', 'x')]);
  (await heard.until(() => heard.chunks[1])).done(false);
  expect(textOf((await heard.outputs('b')).outputs.said)).toMatch(/^aborted: this attempt is over/);
});

test('what a step throws fails the items of that step, and later ones run', async () => {
  const { engine, heard } = await stepping(`if (word === 'bad') throw new Error('stumbled'); item.complete(say(word));`);
  engine.start(ref, [say('good', 'good'), say('bad', 'bad')]);
  expect(await heard.fault('bad')).toMatchObject({ error: { code: 'MODEL_ERROR', message: 'stumbled' }, retry: true });
  expect(textOf((await heard.outputs('good')).outputs.said)).toBe('good');
  engine.start(ref, [say('later', 'later')]);
  expect(textOf((await heard.outputs('later')).outputs.said)).toBe('later');
});

test('charlm streams many texts at once: the pieces add up to the result, and a seed fixes the text whatever runs beside it', async () => {
  const { engine, heard } = await engineOn(demo, ['charlm']);
  const charlm = { name: 'charlm', version: '1' };
  const story = (key: string, seed: number, tokens = 60) => taskOf(key, { prompt: text('Once upon') }, { seed, max_tokens: tokens });
  const textFor = async (key: string) => textOf((await heard.outputs(key)).outputs.text);
  engine.start(charlm, [story('a', 1), story('b', 2), story('c', 1, 2_000)]);
  const [a, b] = [await textFor('a'), await textFor('b')];
  const pieces = heard.chunks.filter(({ key }) => key === 'a');
  expect(pieces.length).toBeGreaterThan(5);
  expect(pieces.map((piece) => piece.text).join('')).toBe(a);
  expect(a).toHaveLength(60);
  expect(b).not.toBe(a);

  engine.abort('c', 'cancel');
  const { partial, outputs } = await heard.outputs('c');
  expect(partial).toBe(true);
  expect(textOf(outputs.text).startsWith(a)).toBe(true);
  expect(textOf(outputs.text).length).toBeLessThan(2_000);

  engine.start(charlm, [story('alone', 1)]);
  expect(await textFor('alone')).toBe(a);
});
