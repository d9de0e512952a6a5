/** A redis-server of a test's own: a process on a free loopback port, with its data in a temporary folder. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '@inferq/cli/up/redis-binary.ts';
import { Redis } from 'ioredis';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** Ends it with this signal and starts it again on the same port and data, with `changes` to its settings. */
  restart(signal?: 'SIGTERM' | 'SIGKILL', changes?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

async function answering(url: string, { requirepass }: Record<string, string>): Promise<void> {
  const password = requirepass === undefined ? {} : { password: requirepass };
  const probe = new Redis(url, { ...password, retryStrategy: () => 20, maxRetriesPerRequest: null });
  probe.on('error', () => {});
  await probe.ping();
  probe.disconnect();
}

/** Whether the server program was built with TLS; one that was not ends at once when it is given a port for it. */
export async function speaksTls(): Promise<boolean> {
  const [binary, port] = [await findRedisServer({ download: false }), await freePort()];
  const { stdout } = spawnSync(binary, ['--port', '0', '--tls-port', String(port)], { encoding: 'utf8', timeout: 10_000 });
  if (!stdout.includes('Failed finding TLS support')) return true;
  console.warn(`skipped: ${binary} was built without TLS`);
  return false;
}

/** Starts one; `settings` are further pairs of redis.conf, such as `{ appendfsync: 'always' }`. */
export async function startRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const binary = await findRedisServer({ download: false });
  const folder = mkdtempSync(join(tmpdir(), 'inferq-redis-'));
  const port = settings.port === undefined ? await freePort() : Number(settings.port);
  const url = `redis://127.0.0.1:${port}`;
  const all: Record<string, string> = { port: String(port), bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', ...settings };
  const launch = () =>
    spawn(
      binary,
      Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
      { stdio: 'ignore' },
    );
  let child = launch();
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  await answering(url, all);

  const end = async (signal: NodeJS.Signals) => {
    child.kill('SIGCONT');
    child.kill(signal);
    await ended(child);
  };
  return {
    url,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    restart: async (signal = 'SIGTERM', changes = {}) => {
      Object.assign(all, changes);
      await end(signal);
      child = launch();
      await answering(url, all);
    },
    stop: async () => {
      await end('SIGKILL');
      process.removeListener('exit', killAtExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
