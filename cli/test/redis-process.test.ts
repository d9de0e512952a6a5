import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataFolder, openDataFolder } from '../up/data-folder.ts';
import type { Part } from '../up/part.ts';
import { identify, isRunning } from '../up/process-identity.ts';
import { findRedisServer } from '../up/redis-binary.ts';
import { stopLeftoverRedis } from '../up/redis-leftover.ts';
import { redisSocket, startRedis } from '../up/redis-process.ts';

let path: string;
let folder: DataFolder;
const started: Part[] = [];
const others: ChildProcess[] = [];

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'inferq-redis-'));
  folder = openDataFolder(path);
});

afterEach(async () => {
  for (const part of started.splice(0)) {
    part.kill();
    await part.ended;
  }
  for (const child of others.splice(0)) child.kill('SIGKILL');
  rmSync(path, { recursive: true });
});

async function start(): Promise<{ part: Part; socket: string }> {
  const socket = redisSocket(folder);
  const part = startRedis(await findRedisServer({ download: false }), folder, socket);
  started.push(part);
  await part.ready;
  return { part, socket };
}

/** Sends inline commands and resolves with everything that Redis answers before it closes the connection. */
async function ask(socket: string, ...commands: string[]): Promise<string> {
  const connection = connect(socket);
  connection.write(`${[...commands, 'QUIT'].join('\r\n')}\r\n`);
  let answer = '';
  for await (const data of connection) answer += data;
  return answer;
}

function redisPid(): number {
  return Number(readFileSync(join(folder.redis, 'redis.pid'), 'utf8'));
}

test('Redis keeps its data over a clean stop, listens on no port, and evicts nothing', async () => {
  const first = await start();
  await ask(first.socket, 'SET kept yes');
  const pid = identify(redisPid());
  await first.part.stop();
  expect(isRunning(pid)).toBe(false);
  const second = await start();
  const answer = await ask(second.socket, 'GET kept', 'CONFIG GET port', 'CONFIG GET maxmemory-policy', 'CONFIG GET appendonly');
  expect(answer).toMatch(/\r\nyes\r\n[\s\S]*port\r\n\$1\r\n0\r\n[\s\S]*noeviction[\s\S]*appendonly\r\n\$3\r\nyes/);
});

test('a Redis that was left is found by its pid file and stopped, and its data is still there', async () => {
  const left = await start();
  await ask(left.socket, 'SET kept yes');
  const pid = redisPid();
  expect(await stopLeftoverRedis(folder)).toBe(pid);
  expect(await left.part.ended).toBe('exit code 0');
  const next = await start();
  expect(await ask(next.socket, 'GET kept')).toContain('yes');
});

test('a pid file that names a process which is not our Redis harms nobody', async () => {
  const innocent = spawn('sleep', ['600'], { cwd: folder.redis, stdio: 'ignore' });
  others.push(innocent);
  await once(innocent, 'spawn');
  writeFileSync(join(folder.redis, 'redis.pid'), `${innocent.pid}\n`);
  expect(await stopLeftoverRedis(folder)).toBeUndefined();
  expect(isRunning(identify(innocent.pid as number))).toBe(true);
  expect(existsSync(join(folder.redis, 'redis.pid'))).toBe(false);
});

test("another folder's Redis is left alone", async () => {
  const other = openDataFolder(join(path, 'other'));
  const { part } = await start();
  writeFileSync(join(other.redis, 'redis.pid'), `${redisPid()}\n`);
  expect(await stopLeftoverRedis(other)).toBeUndefined();
  expect(await Promise.race([part.ended, 'running'])).toBe('running');
});

test('a data folder with a path too long for a socket works all the same', async () => {
  folder = openDataFolder(join(path, 'long'.repeat(25)));
  const { socket } = await start();
  expect(Buffer.byteLength(socket)).toBeLessThan(104);
  expect(await ask(socket, 'PING')).toContain('+PONG');
  rmSync(join(socket, '..'), { recursive: true });
});

test('a Redis that cannot start says why in its own words', async () => {
  const { part } = await start();
  await part.stop();
  // A broken append-only file.
  writeFileSync(join(folder.redis, 'appendonlydir', 'appendonly.aof.manifest'), 'nonsense\n');
  await expect(start()).rejects.toThrow(/^Redis did not start \(exit code 1\): .*redis\.log\)\.$/);
});

test('a PATH without any Redis gets a sentence that says what to install', async () => {
  const nowhere = findRedisServer({ download: false, path: folder.path, systemFolders: [], downloadFolder: '' });
  await expect(nowhere).rejects.toThrow('apt-get install redis-server');
});

test('a Redis that is too old is refused by its version', async () => {
  writeFileSync(join(folder.path, 'redis-server'), '#!/bin/sh\necho "Redis server v=6.0.16 sha=0"\n', { mode: 0o755 });
  const old = findRedisServer({ download: true, path: folder.path, systemFolders: [], downloadFolder: '' });
  await expect(old).rejects.toThrow('redis-server is version 6.0, and inferq needs Redis 7.0');
});

test('a Valkey does where there is no Redis', async () => {
  writeFileSync(join(folder.path, 'valkey-server'), '#!/bin/sh\necho "Server v=7.2.5 sha=0"\n', { mode: 0o755 });
  expect(await findRedisServer({ download: false, path: folder.path, systemFolders: [], downloadFolder: '' })).toBe(
    join(folder.path, 'valkey-server'),
  );
});
