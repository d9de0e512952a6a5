import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '@inferq/core/limits.ts';
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
import { existsSync } from 'node:fs';
import { defineHandler, type Item } from '@inferq/worker/handler';
const say = (word: string | Uint8Array) => ({
  said: { datatype: 'BYTES' as const, shape: [1], data: [typeof word === 'string' ? new TextEncoder().encode(word) : word] },
});
const heard = (item: Item) => new TextDecoder().decode((item.inputs.word!.data as Uint8Array[])[0]);
`;
const say = (key: string, word = key) => taskOf(key, { word: text(word) });
const ref = { name: 'talk', version: '1' };

async function talking(body: string) {
  const folder = await repositoryOf({ 'talk/model.yaml': settings, 'talk/1/handler.ts': prelude + body });
  return { folder, ...(await engineOn(folder, ['talk'])) };
}

test('a loop of emits that awaits none ends its task, while the loop still goes on, and its neighbour is not charged', async () => {
  const { folder, engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  run(items) {
    const [culprit] = items;
    try {
      for (;;) culprit!.emit(say('x'));
    } catch (error) {
      while (!existsSync(heard(culprit!))) culprit!.emit(say('y')).then(() => {}, () => {});
      throw error;
    }
  },
});`);
  heard.answering = false;
  const told = join(folder, 'told');
  engine.start(ref, [say('culprit', told), say('innocent')]);
  const { error } = await heard.fault('culprit');
  expect(error).toMatchObject({
    code: 'MODEL_ERROR',
    message: expect.stringMatching(/^emit was called again while 4096 chunks .* await each emit$/),
  });
  expect(heard.chunks).toHaveLength(limits.unstored.perTask.chunks);
  await writeFile(told, '');
  expect((await heard.until(() => heard.outcomes.get('innocent'))).outcome).toEqual({ kind: 'suspect' });
});

test('large chunks are bounded by their size, of one task and of all together', async () => {
  const { engine, heard } = await talking(`
const megabytes = (count: number) => say(new Uint8Array(count * 2 ** 20));
export default defineHandler({
  load: () => undefined,
  run(items) {
    for (const item of items) {
      try {
        for (let chunk = 0; chunk < Number(heard(item)); chunk++) item.emit(megabytes(1));
        item.complete(say('done'));
      } catch {}
    }
  },
});`);
  heard.answering = false;
  engine.start(ref, [say('one', '20')]);
  expect((await heard.fault('one')).error.message).toContain('15 chunks');
  for (const chunk of heard.chunks) chunk.done(true);
  await Promise.resolve();
  await new Promise<void>((answered) => engine.ping(answered));
  const before = heard.chunks.length;
  engine.start(
    ref,
    ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => say(key, '14')),
  );
  for (const key of ['a', 'b', 'c', 'd']) await heard.outputs(key);
  expect((await heard.fault('e')).error.message).toContain('await each emit');
  expect(heard.chunks.length - before).toBeLessThanOrEqual(limits.unstored.perExecutor.bytes / 2 ** 20 + 1);
});

test('emits that are awaited flow, as many as there are, from all tasks at once', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run(items) {
    await Promise.all(items.map(async (item) => {
      for (let chunk = 0; chunk < 3_000; chunk++) await item.emit(say('x'));
      item.complete(say('done'));
    }));
  },
});`);
  engine.start(ref, [say('a'), say('b'), say('c')]);
  for (const key of ['a', 'b', 'c']) expect(textOf((await heard.outputs(key)).outputs.said)).toBe('done');
  expect(heard.chunks).toHaveLength(9_000);
});

test('an emit that its model does not declare throws, also where nobody awaits it', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  run([item]) {
    void item!.emit({ sung: say('x').said });
    item!.complete(say('never'));
  },
});`);
  engine.start(ref, [say('a')]);
  expect((await heard.fault('a')).error.message).toBe('the handler gave an output "sung", which the model does not declare; it has said');
});

test('progress in a busy loop is told a few times, and the last of it at the end', async () => {
  const { engine, heard } = await talking(`
export default defineHandler({
  load: () => undefined,
  async run([item]) {
    for (let step = 1; step <= 5_000; step++) {
      item!.progress(step / 5_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (!existsSync(heard(item!))) await new Promise((resolve) => setTimeout(resolve, 5));
    item!.complete(say('done'));
  },
});`);
  const seen = join(await repositoryOf({}), 'seen');
  engine.start(ref, [say('a', seen)]);
  await heard.until(() => heard.progressed.at(-1)?.fraction === 1);
  await writeFile(seen, '');
  await heard.outputs('a');
  expect(heard.progressed.length).toBeLessThan(1_000);
});
