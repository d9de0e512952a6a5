import { limits } from '@inferq/core/limits.ts';
import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { AttemptRef, Emission } from '../queue.ts';
import { newId } from './support/build.ts';
import { completed, failed, openStorage, released, retried } from './support/storage.ts';

const storage = openStorage();

function chunk({ id, token }: AttemptRef, index: number, payload: string | Buffer = `c${index}`): Emission {
  return { id, token, kind: 'chunk', index, payload: Buffer.from(payload) };
}

async function read(id: string, after = 0, maxBytes = 1e6) {
  const found = await storage.tasks.readChunks(id, after, maxBytes);
  if (found === 'gone') return found;
  return { more: found.more, chunks: found.chunks.map(({ index, payload }) => [index, Buffer.from(payload).toString()]) };
}

test('chunks are stored in order under rising sequences of the task', async () => {
  const task = await storage.start();
  expect(await storage.run.emit([chunk(task, 0), chunk(task, 1)])).toEqual(['held', 'held']);
  expect(await storage.run.emit([chunk(task, 2, Buffer.from([0, 255]))])).toEqual(['held']);
  const found = await storage.tasks.readChunks(task.id, 0, 1e6);
  const chunks = found === 'gone' ? [] : found.chunks;
  expect(chunks.map(({ index, attempt }) => [index, attempt])).toEqual([0, 1, 2].map((index) => [index, 1]));
  expect(chunks.map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  expect(Buffer.from(chunks[2]?.payload ?? [])).toEqual(Buffer.from([0, 255]));
  expect(await storage.look(task.id)).toMatchObject({ chunks: 3, lastChunkSequence: 5, sequence: 5 });
});

test('a chunk that is sent again is stored once', async () => {
  const task = await storage.start();
  await storage.run.emit([chunk(task, 0), chunk(task, 1)]);
  expect(await storage.run.emit([chunk(task, 0, 'other'), chunk(task, 1), chunk(task, 2)])).toEqual(['held', 'held', 'held']);
  expect(await read(task.id)).toEqual({ more: false, chunks: [0, 1, 2].map((index) => [index, `c${index}`]) });
});

test('an index is never skipped: an attempt whose chunk is missing is lost, its neighbours are not', async () => {
  const [task, other] = [await storage.start(), await storage.start()];
  const outcomes = await storage.run.emit([chunk(task, 0), chunk(task, 2), chunk(other, 0), chunk(task, 3)]);
  expect(outcomes).toEqual(['held', 'lost', 'held', 'lost']);
  expect(await read(task.id)).toEqual({ more: false, chunks: [[0, 'c0']] });
});

test('chunks that are sent at once keep their order though Redis forgets its scripts meanwhile', async () => {
  const task = await storage.start();
  const sent: Promise<unknown>[] = [];
  for (let index = 0; index < 60; index++) {
    if (index % 7 === 0) sent.push(storage.redis.script('FLUSH'));
    sent.push(storage.run.emit([chunk(task, index)]));
    // Another connection brings the scripts back.
    if (index % 5 === 0) sent.push((await storage.connect()).execution.emit([chunk(task, 0)]));
  }
  await Promise.all(sent);
  expect((await storage.look(task.id)).chunks).toBe(60);
});

test('a page of chunks ends at its size, with one chunk at least', async () => {
  const task = await storage.start();
  await storage.run.emit([0, 1, 2, 3].map((index) => chunk(task, index, 'x'.repeat(10))));
  const page = async (after: number, maxBytes: number) => {
    const found = await storage.tasks.readChunks(task.id, after, maxBytes);
    return found !== 'gone' && [found.more, ...found.chunks.map(({ index }) => index)];
  };
  expect([await page(0, 25), await page(4, 1), await page(5, 99), await page(6, 99)]).toEqual([
    [true, 0, 1],
    [true, 2],
    [false, 3],
    [false],
  ]);
  expect(await read(newId())).toEqual({ more: false, chunks: [] });
});

test('a long log is read page by page to its end', async () => {
  const task = await storage.start();
  await storage.run.emit(Array.from({ length: 300 }, (_, index) => chunk(task, index)));
  const seen: number[] = [];
  for (let after = 0, more = true; more; ) {
    const page = await storage.tasks.readChunks(task.id, after, 1e6);
    if (page === 'gone') throw new Error('gone');
    seen.push(...page.chunks.map(({ index }) => index));
    after = page.chunks.at(-1)?.sequence ?? after;
    more = page.more;
  }
  expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index));
});

test('a new attempt voids the chunks and the progress of the one before, and counts from 0', async () => {
  const task = await storage.start();
  await storage.run.emit([chunk(task, 0), chunk(task, 1), { ...task, kind: 'progress', fraction: 0.5, message: 'm'.repeat(100) }]);
  await storage.run.settle([retried(task)]);
  expect(await read(task.id)).toMatchObject({
    chunks: [
      [0, 'c0'],
      [1, 'c1'],
    ],
  });
  await storage.upkeep.promote();
  const [again] = await storage.claim();
  const looked = await storage.look(task.id);
  expect([looked.chunks, looked.lastChunkSequence, looked.progress]).toEqual([0, 0, undefined]);
  expect(await read(task.id)).toEqual({ more: false, chunks: [] });
  if (!again) throw new Error('nothing was claimed');
  expect(await storage.run.emit([chunk(task, 2), chunk(again, 0, 'new')])).toEqual(['lost', 'held']);
  expect(await read(task.id)).toEqual({ more: false, chunks: [[0, 'new']] });
  expect((await storage.look(task.id)).lastChunkSequence).toBeGreaterThan(looked.sequence);
});

test('a task that streams more than a task may is told so, and what was stored stays', async () => {
  const task = await storage.start();
  const piece = Buffer.alloc(limits.chunkBytesPerTask / 4);
  for (let index = 0; index < 4; index++) expect(await storage.run.emit([chunk(task, index, piece)])).toEqual(['held']);
  // What is sent behind it does not fit either, also where it is under way already.
  expect(await storage.run.emit([chunk(task, 4, 'x'), chunk(task, 5, '')])).toEqual(['overflow', 'overflow']);
  expect(await storage.run.emit([chunk(task, 6, 'x'), chunk(task, 0)])).toEqual(['overflow', 'held']);
  expect((await storage.look(task.id)).chunks).toBe(4);
  await storage.run.settle([released(task)]);
  const [again] = await storage.claim();
  expect(again && (await storage.run.emit([chunk(again, 0)]))).toEqual(['held']);
});

test('progress is part of the snapshot, also where its message is long, and the last one counts', async () => {
  const task = await storage.start();
  const tell = async (fraction: number | undefined, message: string) => {
    const told = fraction === undefined ? { message } : { fraction, message };
    expect(await storage.run.emit([{ ...task, kind: 'progress', ...told }])).toEqual(['held']);
    return (await storage.look(task.id)).progress;
  };
  expect(await tell(0.25, 'a quarter')).toEqual({ fraction: 0.25, message: 'a quarter' });
  expect(await tell(undefined, 'l'.repeat(500))).toEqual({ message: 'l'.repeat(500) });
  expect(await storage.redis.object('ENCODING', key('record', task.id))).toBe('listpack');
  expect(await tell(1, '')).toEqual({ fraction: 1, message: '' });
  expect(await tell(undefined, 'é'.repeat(2_000))).toEqual({ message: 'é'.repeat(512) });
  await storage.run.settle([completed(task)]);
  expect((await storage.look(task.id)).progress).toEqual({ message: 'é'.repeat(512) });
});

test('logs end with the result, and count as one; those of dead letters too', async () => {
  for (const settle of [completed, failed]) {
    const task = await storage.start({ resultTtlMs: 5_000 });
    await storage.run.emit([chunk(task, 0, 'x'.repeat(1_000))]);
    await storage.run.settle([settle(task)]);
    expect(await storage.redis.pttl(key('log', task.id))).toBeLessThanOrEqual(5_000);
    await storage.redis.del(key('log', task.id));
    expect(await read(task.id)).toBe('gone');
  }
  expect(Number(await storage.redis.get(key('retained')))).toBe(2_009);
});
