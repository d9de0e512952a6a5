import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeAuthority } from '@inferq/test/support/certificates.ts';
import { freePort, speaksTls, startRedis } from '@inferq/test/support/redis.ts';
import { eventually, inferq } from '@inferq/test/support/stack.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { largestLogBytes } from '../up/log-bound.ts';
import { identify, isRunning, type ProcessIdentity } from '../up/process-identity.ts';

const launcher = fileURLToPath(new URL('../bin/inferq.js', import.meta.url));
const sample = fileURLToPath(new URL('../../models/digits/sample.json', import.meta.url));

interface Up {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | NodeJS.Signals | null>;
}

let data: string;
let server: string;
const ups: Up[] = [];

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'inferq-up-'));
  server = `127.0.0.1:${await freePort()}`;
});

afterEach(async () => {
  for (const up of ups.splice(0)) {
    const left = family(up);
    up.child.kill('SIGKILL');
    await up.ended;
    for (const { pid } of left.filter(isRunning)) process.kill(pid, 'SIGKILL');
    await gone(left);
  }
  rmSync(data, { recursive: true });
});

function startUp(args: string[] = [], env: NodeJS.ProcessEnv = {}): Up {
  const child = spawn(process.execPath, [launcher, 'up', '--listen', server, '--data', data, ...args], {
    env: { ...process.env, REDIS_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => {
      output += part;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  const up = { child, output: () => output, ended };
  ups.push(up);
  return up;
}

function isUp(up: Up): Promise<unknown> {
  return eventually('inferq is up', () => up.output().includes('inferq is up.') || failIfEnded(up), 60_000);
}

function failIfEnded({ child, output }: Up): false {
  if (child.exitCode !== null) throw new Error(`inferq up ended: ${output()}`);
  return false;
}

/** Every process below this one, executors included. */
function family(up: Up): ProcessIdentity[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  const below = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)]);
  return below(up.child.pid as number).map(identify);
}

function gone(processes: ProcessIdentity[]): Promise<unknown> {
  return eventually('all processes have ended', () => !processes.some(isRunning));
}

function pidOf(part: 'redis' | 'server' | 'worker'): number {
  return Number.parseInt(readFileSync(join(data, part === 'redis' ? 'redis/redis.pid' : `${part}.pid`), 'utf8'), 10);
}

async function submit(): Promise<string> {
  const { code, stdout } = await inferq(['submit', 'digits', '--input', sample, '--wait', '--json'], { server });
  expect(code).toBe(0);
  const task = JSON.parse(stdout);
  expect(task.classifications[0].classes[0].label).toBe('2');
  return task.id;
}

test('up answers a digit, keeps a second up out, ends on SIGTERM with code 0 and nothing left, and finds its results again', async () => {
  const first = startUp();
  await isUp(first);
  expect(first.output()).toContain(`server  ${server}`);
  expect(first.output().match(/npx inferq /g)).toHaveLength(3);
  const taskId = await submit();

  const second = startUp();
  expect(await second.ended).toBe(1);
  expect(second.output()).toBe(
    `inferq up already runs on ${data} (process ${first.child.pid}): stop it first, or give another folder with --data.\n`,
  );

  const processes = family(first);
  expect(processes.length).toBeGreaterThanOrEqual(4);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(processes.filter(isRunning)).toEqual([]);
  expect(readdirSync(data).sort()).toEqual(['redis', 'server.log', 'worker.log']);

  await isUp(startUp());
  const { code } = await inferq(['result', taskId], { server });
  expect(code).toBe(0);
});

test('after an up that was killed, server and worker end by themselves, its Redis is stopped cleanly, and results are kept', async () => {
  const first = startUp();
  await isUp(first);
  const taskId = await submit();
  const redis = pidOf('redis');
  const others = family(first).filter(({ pid }) => pid !== redis);
  first.child.kill('SIGKILL');
  await first.ended;

  const second = startUp();
  await isUp(second);
  expect(second.output()).toContain(`Stopped the Redis that an earlier inferq up left (process ${redis}).`);
  expect(others.filter(isRunning)).toEqual([]);
  expect((await inferq(['result', taskId], { server })).code).toBe(0);
});

test.each(['server', 'worker', 'redis'] as const)('a %s that dies is started again', async (part) => {
  const up = startUp();
  await isUp(up);
  const dead = pidOf(part);
  process.kill(dead, 'SIGKILL');
  const name = part === 'redis' ? 'Redis' : part;
  await eventually('it is back', () => up.output().includes(`The ${name} is back.`) || failIfEnded(up));
  expect(up.output()).toContain(`The ${name} ended by itself (SIGKILL): starting it again in 0.5 s.`);
  await eventually('a digit is answered', async () => {
    const { code } = await inferq(['submit', 'digits', '--input', sample, '--wait', '10s'], { server });
    return code === 0;
  });
});

test('a log that grows over its bound is moved aside, and the server goes on writing to it', async () => {
  const up = startUp();
  await isUp(up);
  const log = join(data, 'server.log');
  appendFileSync(log, 'x'.repeat(largestLogBytes));
  await eventually('it is moved', () => existsSync(`${log}.1`) && statSync(log).size < largestLogBytes);
  expect(statSync(`${log}.1`).size).toBeGreaterThan(largestLogBytes);
  up.child.kill('SIGTERM');
  expect(await up.ended).toBe(0);
  // What it says when it ends.
  expect(readFileSync(log, 'utf8')).toMatch(/^\{/);
  expect(statSync(log).size).toBeLessThan(10_000);
});

test('a port that is taken is told before anything is started', async () => {
  const taken: Server = createServer();
  await new Promise<void>((resolve) => taken.listen(Number(server.split(':')[1]), '127.0.0.1', resolve));
  const up = startUp();
  expect(await up.ended).toBe(1);
  taken.close();
  expect(up.output()).toBe(
    `inferq cannot listen on ${server} (another process listens there): free it, or give another address with --listen.\n`,
  );
  expect(existsSync(join(data, 'redis/redis.log'))).toBe(false);
});

test('a worker that cannot start ends everything with its sentence', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'inferq-empty-'));
  const up = startUp(['--repository', empty]);
  expect(await up.ended).toBe(1);
  rmSync(empty, { recursive: true });
  expect(up.output()).toContain('The worker did not start: ');
  expect(up.output()).toContain('has no models');
  expect(up.output()).not.toMatch(/\n {4}at /);
  expect(family(up)).toEqual([]);
});

test('a signal while models load ends everything with code 0', async () => {
  const up = startUp();
  await eventually('models load', () => up.output().includes('Loading the models') || failIfEnded(up));
  const processes = family(up);
  up.child.kill('SIGINT');
  expect(await up.ended).toBe(0);
  expect(processes.filter(isRunning)).toEqual([]);
});

test('an up whose terminal has gone still ends in order', async () => {
  const up = startUp();
  await isUp(up);
  const processes = family(up);
  up.child.stdout?.destroy();
  up.child.stderr?.destroy();
  up.child.kill('SIGHUP');
  expect(await up.ended).toBe(0);
  expect(processes.filter(isRunning)).toEqual([]);
});

test.skipIf(!(await speaksTls()))(
  'server and worker reach a Redis that uses TLS with a private authority and asks for certificates',
  async () => {
    const authority = makeAuthority();
    const [own, its] = [authority.issue('inferq', ['inferq.test']), authority.issue('redis', ['127.0.0.1'])];
    const tlsPort = await freePort();
    const tls = { 'tls-port': String(tlsPort), 'tls-cert-file': its.cert, 'tls-key-file': its.key, 'tls-ca-cert-file': authority.ca };
    const redis = await startRedis(tls);
    const flags = ['--redis-ca', authority.ca, '--redis-cert', own.cert, '--redis-key', own.key];
    const up = startUp(flags, { REDIS_URL: `rediss://127.0.0.1:${tlsPort}` });
    await isUp(up);
    await submit();
    up.child.kill('SIGINT');
    expect(await up.ended).toBe(0);
    await redis.stop();
    authority.remove();
  },
);

test('with REDIS_URL set that Redis is used, and left running', async () => {
  const redis = await startRedis();
  const up = startUp([], { REDIS_URL: redis.url });
  await isUp(up);
  await submit();
  expect(up.output()).toContain(`redis   ${redis.url}`);
  up.child.kill('SIGINT');
  expect(await up.ended).toBe(0);
  expect(isRunning(identify(redis.pid))).toBe(true);
  expect(existsSync(join(data, 'redis/redis.log'))).toBe(false);
  await redis.stop();
});
