/** `inferq up`: Redis, one worker and one server, started in that order, watched, and ended in the reverse one. */

import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shownUrl, socketUrl } from '@inferq/queue/redis-url.ts';
import { exitCodes } from '../failure.ts';
import { banner } from './banner.ts';
import { startChild } from './child.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from './data-folder.ts';
import { awaitLeftoverChild } from './leftover-child.ts';
import { boundLogs } from './log-bound.ts';
import { type KeptPart, keepRunning } from './part.ts';
import { checkPort } from './port-check.ts';
import { findRedisServer } from './redis-binary.ts';
import { stopLeftoverRedis } from './redis-leftover.ts';
import { redisSocket, startRedis } from './redis-process.ts';

export interface UpOptions {
  /** HOST:PORT of the server. */
  listen: string;
  data: string;
  repository: string;
  /** Whether one model that cannot be loaded keeps it from starting. */
  strict: boolean;
  logLevel: string;
  /** A Redis to use instead of starting one. */
  redisUrl: string | undefined;
  /** Flags of server and worker for that Redis. */
  redisTlsArgs: string[];
  defaultListen: string;
  /** Fires when everything shall end; a second time by `hurry`, when it shall end at once. */
  stop: AbortSignal;
  hurry: AbortSignal;
  say: (line: string) => void;
}

/** A worker finishes what it holds, or releases it, before it ends. */
const workerStopMs = 60_000;
const serverStopMs = 20_000;

/** Runs until `stop` fires; resolves with the exit code when nothing is left running. Throws a Failure where something cannot start. */
export async function runUp(options: UpOptions): Promise<number> {
  const folder = openDataFolder(options.data);
  const unlock = lockDataFolder(folder);
  const unbound = boundLogs([folder.log('server'), folder.log('worker'), join(folder.redis, 'redis.log')], options.say);
  const started: KeptPart[] = [];
  options.hurry.addEventListener('abort', () => {
    // Redis is the last to go, and always cleanly: what it acknowledged is promised.
    for (const part of started.slice(options.redisUrl === undefined ? 1 : 0)) part.kill();
  });
  try {
    await startAll(options, folder, started);
    await firing(options.stop);
    return exitCodes.succeeded;
  } catch (error) {
    if (options.stop.aborted) return exitCodes.succeeded;
    throw error;
  } finally {
    if (options.stop.aborted) options.say('Stopping...');
    for (const part of started.toReversed()) await part.stop();
    unbound();
    unlock();
  }
}

async function startAll(options: UpOptions, folder: DataFolder, started: KeptPart[]): Promise<void> {
  const { say, stop, redisUrl } = options;
  for (const name of ['server', 'worker']) {
    if (await awaitLeftoverChild(name, folder)) say(`Waited for the ${name} that an earlier inferq up left to end.`);
  }
  const left = await stopLeftoverRedis(folder);
  if (left !== undefined) say(`Stopped the Redis that an earlier inferq up left (process ${left}).`);
  await checkPort(options.listen);

  const start = (part: KeptPart): Promise<string> => {
    started.push(part);
    return untilStopped(part.ready, stop);
  };
  const url = redisUrl ?? (await startOwnRedis(options, folder, start));
  const shared = { redisUrl: url, folder, say };
  const common = [...options.redisTlsArgs, '--log-level', options.logLevel];
  say('Loading the models...');
  const workerArgs = ['--repository', options.repository, ...(options.strict ? ['--strict'] : []), ...common];
  await start(keepRunning('worker', () => startChild({ ...shared, name: 'worker', args: workerArgs, stopLimitMs: workerStopMs }), say));
  const serverArgs = ['--listen', options.listen, ...common];
  const address = await start(
    keepRunning('server', () => startChild({ ...shared, name: 'server', args: serverArgs, stopLimitMs: serverStopMs }), say),
  );
  say(banner({ address, redis: shownUrl(url), data: folder.path, repository: options.repository }, options.defaultListen));
}

async function startOwnRedis(options: UpOptions, folder: DataFolder, start: (part: KeptPart) => Promise<string>): Promise<string> {
  const program = await findRedisServer({ download: true, say: options.say });
  const socket = redisSocket(folder);
  const part = keepRunning('Redis', () => startRedis(program, folder, socket), options.say);
  const stop = async (): Promise<void> => {
    await part.stop();
    if (dirname(socket) !== folder.redis) rmSync(dirname(socket), { recursive: true, force: true });
  };
  return socketUrl(await start({ ...part, stop }));
}

function firing(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** `promise`, unless `signal` fires first: then it rejects with the signal's reason. */
function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = firing(signal).then((): never => {
    throw signal.reason;
  });
  return Promise.race([promise, stopped]);
}
