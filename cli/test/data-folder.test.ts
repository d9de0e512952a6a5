import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataFolder, lockDataFolder, openDataFolder } from '../up/data-folder.ts';
import { formatIdentity, identify, isRunning, parseIdentity } from '../up/process-identity.ts';

let path: string;
let folder: DataFolder;
let sleeper: ChildProcess;

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'inferq-data-'));
  folder = openDataFolder(path);
  sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(sleeper, 'spawn');
});

afterEach(() => {
  sleeper.kill('SIGKILL');
  rmSync(path, { recursive: true });
});

function holdBy(text: string): void {
  writeFileSync(join(folder.path, 'up.pid'), text);
}

async function endSleeper(): Promise<void> {
  const exit = once(sleeper, 'exit');
  sleeper.kill('SIGKILL');
  await exit;
}

test('a folder that a running process holds is refused with its number', () => {
  holdBy(formatIdentity(identify(sleeper.pid as number)));
  expect(() => lockDataFolder(folder)).toThrow(`already runs on ${folder.path} (process ${sleeper.pid})`);
});

test('a folder whose holder has ended is taken over', async () => {
  holdBy(formatIdentity(identify(sleeper.pid as number)));
  await endSleeper();
  lockDataFolder(folder);
  expect(() => lockDataFolder(folder)).toThrow(`process ${process.pid}`);
});

test('a holder whose number now belongs to another process does not count', () => {
  const { pid, start } = identify(sleeper.pid as number);
  holdBy(formatIdentity({ pid, start: `${start}1` }));
  expect(() => lockDataFolder(folder)).not.toThrow();
});

test('a lock file that holds nonsense does not count', () => {
  holdBy('nonsense');
  expect(() => lockDataFolder(folder)).not.toThrow();
});

test('a folder given back is free, and nothing but its own files is left in it', () => {
  lockDataFolder(folder)();
  lockDataFolder(folder)();
  expect(readdirSync(folder.path)).toEqual(['redis']);
});

test('a folder that cannot be created is refused with a sentence', () => {
  expect(() => openDataFolder('/dev/null/data')).toThrow(/cannot be used as a data folder.*--data/);
});

test('an identity survives being written down, and ends with its process', async () => {
  const alive = identify(sleeper.pid as number);
  expect(parseIdentity(formatIdentity(alive))).toEqual(alive);
  expect(isRunning(alive)).toBe(true);
  await endSleeper();
  expect(isRunning(alive)).toBe(false);
});
