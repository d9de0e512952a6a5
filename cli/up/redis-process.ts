/** The private Redis of `inferq up`: one process on a Unix socket in the data folder, kept with an append-only file. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { DataFolder } from './data-folder.ts';
import { endOf, killGroup, type Part, stopChild } from './part.ts';

/** How long Redis may take to write its append-only file to disk and end. */
const stopLimitMs = 30_000;
/** A Unix socket's path holds at most 107 bytes on Linux, 103 on macOS. */
const socketPathBytes = 103;

/** Where Redis listens: in its own folder, or in a new private one where that one's path is too long for a socket. */
export function redisSocket(folder: DataFolder): string {
  const path = join(folder.redis, 'redis.sock');
  return Buffer.byteLength(path) <= socketPathBytes ? path : join(mkdtempSync(join(tmpdir(), 'inferq-')), 'redis.sock');
}

/** Half of what this machine, or the container around this process, has. */
function maxMemory(): number {
  const constrained = process.constrainedMemory();
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(total / 2);
}

function settings(folder: DataFolder, socket: string): string[] {
  const pairs = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder.redis,
    pidfile: join(folder.redis, 'redis.pid'),
    logfile: join(folder.redis, 'redis.log'),
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    maxmemory: String(maxMemory()),
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(pairs).flatMap(([name, value]) => [`--${name}`, value]);
}

/** One PING over a connection of its own: true once Redis answers it and is done loading. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(1_000, () => end(false));
    connection.on('error', () => end(false));
    connection.on('connect', () => connection.write('PING\r\n'));
    connection.on('data', (data) => end(data.toString().startsWith('+PONG')));
  });
}

/** Why Redis ended: the last line of its log, without process number and time. */
function lastWords(folder: DataFolder): string {
  try {
    const lines = readFileSync(join(folder.redis, 'redis.log'), 'utf8').trim().split('\n');
    return lines.at(-1)?.replace(/^\S+ \d+ \w+ \d+ [\d:.]+ \S /, '') ?? '';
  } catch {
    return '';
  }
}

/** Starts Redis in a process group of its own, so that Ctrl-C leaves it to us. `ready` rejects with its own words where it ends at once. */
export function startRedis(program: string, folder: DataFolder, socket: string): Part {
  const child = spawn(program, settings(folder, socket), { cwd: folder.redis, detached: true, stdio: 'ignore' });
  const ended = endOf(child);
  return {
    ready: untilAnswers(folder, socket, ended),
    ended,
    stop: () => stopChild(child, ended, stopLimitMs),
    kill: () => killGroup(child),
  };
}

async function untilAnswers(folder: DataFolder, socket: string, ended: Promise<string>): Promise<string> {
  let how: string | undefined;
  void ended.then((words) => {
    how = words;
  });
  while (!(await answers(socket))) {
    if (how !== undefined)
      throw new Failure(`Redis did not start (${how}): ${lastWords(folder)} (see ${join(folder.redis, 'redis.log')}).`);
    await delay(20);
  }
  return socket;
}
