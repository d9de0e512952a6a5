import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BoundedLog, logPipe, longestLine } from '../bounded-log.ts';
import type { Log } from '../log.ts';

let lines: { level: string; fields: object; text: string }[] = [];
const level =
  (name: string) =>
  (fields: object, text: string): void =>
    void lines.push({ level: name, fields, text });
const log = { info: level('info'), warn: level('warn'), error: level('error') } as unknown as Log;

beforeEach(() => {
  lines = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('of many lines the first thousand of ten seconds are kept, and the number of the others is told', () => {
  const bounded = new BoundedLog(log);
  for (let line = 0; line < 1_500; line++) bounded.line('info', {}, `${line}`);
  expect(lines).toHaveLength(1_000);
  vi.advanceTimersByTime(10_000);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { lines: 500, characters: 2_000 } });
  bounded.line('info', {}, 'again');
  expect(lines.at(-1)).toMatchObject({ level: 'info', text: 'again' });
});

test('of long lines so many are kept as make a quarter of a megabyte', () => {
  const bounded = new BoundedLog(log);
  for (let line = 0; line < 100; line++) bounded.line('info', {}, 'x'.repeat(longestLine));
  expect(lines).toHaveLength(64);
});

test('of one line the beginning is kept, and how long the rest is', () => {
  new BoundedLog(log).line('info', {}, 'x'.repeat(longestLine + 5));
  expect(lines[0]?.text).toBe(`${'x'.repeat(longestLine)}... (5 more characters)`);
});

test('a pipe is logged line by line, however it is cut, the last line also without an end', async () => {
  vi.useRealTimers();
  const pipe = new PassThrough();
  const bounded = new BoundedLog(log);
  logPipe(pipe, (text, length) => bounded.line('warn', {}, text, length));
  const written = Buffer.from(`one\n\nz${'ö'.repeat(longestLine)}\nlast`);
  for (let start = 0; start < written.length; start += 7) pipe.write(written.subarray(start, start + 7));
  pipe.end();
  await new Promise((resolve) => pipe.on('close', resolve));
  expect(lines.map(({ text }) => text)).toEqual(['one', `z${'ö'.repeat(longestLine - 1)}... (1 more characters)`, 'last']);
});
