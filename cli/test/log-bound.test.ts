import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@inferq/test/support/stack.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { boundLogs, earlier } from '../up/log-bound.ts';

const largest = 1_000;
let folder: string;
let log: string;
let said: string[];
const stops: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferq-logs-'));
  log = join(folder, 'server.log');
  said = [];
});

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function bound(): void {
  stops.push(boundLogs([log], (line) => said.push(line), largest));
}

test('a log over the limit is moved aside, and who holds it open goes on at the beginning of the emptied one', () => {
  const writer = openSync(log, 'a', 0o600);
  writeSync(writer, 'a'.repeat(largest + 1));
  bound();
  writeSync(writer, 'b');
  closeSync(writer);
  expect(readFileSync(earlier(log), 'utf8')).toBe('a'.repeat(largest + 1));
  expect(readFileSync(log, 'utf8')).toBe('b');
  expect(statSync(earlier(log)).mode & 0o777).toBe(0o600);
});

test('a log within the limit, and one that is not there yet, are left alone', () => {
  bound();
  expect(existsSync(log)).toBe(false);
  writeFileSync(log, 'a'.repeat(largest));
  bound();
  expect(statSync(log).size).toBe(largest);
  expect(existsSync(earlier(log))).toBe(false);
});

test('a log that grows again is moved over the one moved before, until it is told to stop', () => {
  vi.useFakeTimers();
  bound();
  for (const letter of ['a', 'b']) {
    appendFileSync(log, letter.repeat(largest + 1));
    vi.advanceTimersToNextTimer();
    expect(readFileSync(earlier(log), 'utf8')).toBe(letter.repeat(largest + 1));
    expect(statSync(log).size).toBe(0);
  }
  stops.pop()?.();
  expect(vi.getTimerCount()).toBe(0);
});

test('a log that cannot be moved is told once, and moved when it can be', () => {
  vi.useFakeTimers();
  writeFileSync(log, 'a'.repeat(largest + 1));
  mkdirSync(earlier(log));
  bound();
  vi.advanceTimersToNextTimer();
  expect(said).toEqual([expect.stringContaining(`${log} cannot be moved to ${earlier(log)} and goes on growing: `)]);
  expect(statSync(log).size).toBe(largest + 1);
  rmSync(earlier(log), { recursive: true });
  vi.advanceTimersToNextTimer();
  expect(statSync(log).size).toBe(0);
  expect(said).toHaveLength(1);
});

test('a process that writes all the while loses nothing but what it wrote in that moment', async () => {
  const script = 'for (let n = 1; n <= 20000; n++) { require("node:fs").writeSync(1, "line " + n + "\\n"); }';
  const out = openSync(log, 'a');
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: ['ignore', out, 'inherit'] });
  closeSync(out);
  const exit = once(child, 'exit');
  await eventually('it has written enough', () => statSync(log).size > largest);
  bound();
  await exit;
  const lines = (readFileSync(earlier(log), 'utf8') + readFileSync(log, 'utf8')).trim().split('\n');
  expect(lines.every((line) => /^line \d+$/.test(line))).toBe(true);
  expect(lines.at(-1)).toBe('line 20000');
  expect(lines[0]).toBe('line 1');
  expect(lines.length).toBeGreaterThan(19_000);
});
