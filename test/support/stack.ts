/** A whole inferq for a test: a Redis of its own, and servers and workers as the processes that users run. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InferqClient } from '@inferq/client/index.ts';
import { startRedis, type TestRedis } from './redis.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lookAgainMs = 10;
const launcher = join(root, 'cli/bin/inferq.js');

export interface TestProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Where a server listens; '' for a worker. */
  readonly address: string;
  /** What it wrote to both outputs so far. */
  output(): string;
  /** Sends the signal and resolves to the exit code, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** What a finished command left. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export function command(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...options.env }, cwd: options.cwd ?? root });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}

/** Runs the `inferq` command line to its end. */
export function inferq(args: string[], options: { server?: string; input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<CommandResult> {
  const env = { ...options.env, ...(options.server ? { INFERQ_SERVER: options.server } : {}) };
  return command(process.execPath, [launcher, ...args], { env, ...(options.input === undefined ? {} : { input: options.input }) });
}

/** Starts `inferq server` or `inferq worker`; resolves when it is ready. */
export function startProcess(kind: 'server' | 'worker', args: string[], redisUrl: string): Promise<TestProcess> {
  const child = spawn(process.execPath, [launcher, kind, ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, REDIS_URL: redisUrl },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let written = '';
  child.stdout?.on('data', (data) => {
    written += data;
  });
  child.stderr?.on('data', (data) => {
    written += data;
  });
  const ended = new Promise<number | string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code ?? 0)));
  return new Promise((resolve, reject) => {
    void ended.then((how) => reject(new Error(`the ${kind} ended (${how}): ${written}`)));
    child.on('message', (message: { kind: string; address?: string; message?: string }) => {
      if (message.kind === 'failed') reject(new Error(message.message));
      if (message.kind !== 'ready') return;
      resolve({
        child,
        pid: child.pid ?? 0,
        address: message.address ?? '',
        output: () => written,
        stop: (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended;
        },
      });
    });
  });
}

export interface Stack {
  readonly redis: TestRedis;
  readonly client: InferqClient;
  readonly address: string;
  server: TestProcess;
  workers: TestProcess[];
  startServer(args?: string[]): Promise<TestProcess>;
  startWorker(args?: string[]): Promise<TestProcess>;
  /** Ends everything, the quick way. */
  stop(): Promise<void>;
}

/** A repository of the demo models and the test models, in a temporary folder. */
export function testRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-models-'));
  for (const model of ['digits', 'charlm']) cpSync(join(root, 'models', model), join(folder, model), { recursive: true });
  cpSync(join(root, 'test/models'), folder, { recursive: true });
  return folder;
}

/** Starts Redis and a server and, unless told otherwise, one worker with all models. */
export async function startStack(
  options: { worker?: string[] | false; server?: string[]; redis?: Record<string, string> } = {},
): Promise<Stack> {
  const redis = await startRedis(options.redis);
  const repository = testRepository();
  const all: TestProcess[] = [];
  const startServer = async (args: string[] = []) => {
    const server = await startProcess('server', ['--listen', '127.0.0.1:0', '--log-level', 'warn', ...args], redis.url);
    all.push(server);
    return server;
  };
  const workers: TestProcess[] = [];
  const startWorker = async (args: string[] = []) => {
    const worker = await startProcess('worker', ['--repository', repository, '--log-level', 'info', ...args], redis.url);
    all.push(worker);
    workers.push(worker);
    return worker;
  };
  const end = async () => {
    await Promise.all(all.map((one) => one.stop('SIGKILL')));
    await redis.stop();
    rmSync(repository, { recursive: true, force: true });
  };
  try {
    const server = await startServer(options.server);
    if (options.worker !== false) await startWorker(options.worker);
    const client = new InferqClient({ server: server.address });
    const stop = () => {
      client.close();
      return end();
    };
    return { redis, client, address: server.address, server, workers, startServer, startWorker, stop };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Waits until `look` gives something other than undefined and false; throws after `limitMs`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 20_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(lookAgainMs);
  }
  throw new Error(`it did not happen within ${limitMs} ms: ${what}`);
}
