/** A whole inferq on a Redis that gives it the documented permissions only, and one that begins to refuse what it is asked. */

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { InferqClient, tensor } from '@inferq/client/index.ts';
import {
  type HealthCheckResponse,
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startRedis, type TestRedis } from './support/redis.ts';
import { eventually, inferq, startProcess, type TestProcess, testRepository } from './support/stack.ts';

const launcher = fileURLToPath(new URL('../cli/bin/inferq.js', import.meta.url));
const docs = readFileSync(new URL('../docs/redis.md', import.meta.url), 'utf8');
const rules = (/ACL SETUSER inferq ([^`]*?)```/s.exec(docs)?.[1] ?? '').replaceAll('\\\n', ' ').trim().split(/\s+/);

let redis: TestRedis;
let operator: Redis;
let url: string;
let server: TestProcess;
let worker: TestProcess;
let client: InferqClient;
let health: HealthClient;
const repository = testRepository();

beforeAll(async () => {
  redis = await startRedis();
  operator = new Redis(redis.url, { protocol: 2 });
  await allow();
  url = redis.url.replace('//', '//inferq:secret@');
  worker = await startProcess('worker', ['--repository', repository], url);
  server = await startProcess('server', ['--listen', '127.0.0.1:0'], url);
  client = new InferqClient({ server: server.address });
  health = new HealthClient(server.address, credentials.createInsecure());
}, 60_000);
afterAll(async () => {
  client?.close();
  health?.close();
  await Promise.all([server, worker].map((one) => one?.stop('SIGKILL')));
  operator.disconnect();
  await redis.stop();
  rmSync(repository, { recursive: true, force: true });
});

function allow(): Promise<unknown> {
  return operator.call('ACL', 'SETUSER', 'inferq', ...rules.map((rule) => (rule === '>PASSWORD' ? '>secret' : rule)));
}

function isServing(): Promise<boolean> {
  return new Promise((resolve, reject) => {
    health.check({ service: '' }, (error: unknown, reply: HealthCheckResponse) =>
      error === null ? resolve(reply.status === Serving.SERVING) : reject(error),
    );
  });
}

/** The lines of a process' log with this text. */
function lines({ output }: TestProcess, text: string): string[] {
  return output()
    .split('\n')
    .filter((line) => line.includes(text));
}

const prompt = { prompt: tensor.strings([1], ['Once upon']) };
const digit = { model: 'digits', inputs: { image: tensor.fp32([1, 64], new Array(64).fill(0.5)) } };

test('the documented permissions suffice to submit, run, stream, watch, cancel, list and redrive', async () => {
  expect((await client.predict(digit)).state).toBe('SUCCEEDED');
  const { taskId } = await client.submit({ model: 'charlm', inputs: prompt, parameters: { max_tokens: 20 } });
  const kinds = new Set<string>();
  for await (const event of client.watch(taskId)) kinds.add(event.kind);
  expect(kinds).toContain('chunk');
  const long = await client.submit({ model: 'charlm', inputs: prompt, parameters: { max_tokens: 2_000 } });
  await client.cancel(long.taskId);
  const delayed = await client.submit({ ...digit, delayMs: 100, idempotencyKey: 'once' });
  expect((await client.submit({ ...digit, delayMs: 100, idempotencyKey: 'once' })).taskId).toBe(delayed.taskId);
  for (const command of [
    ['dead', 'list'],
    ['dead', 'redrive', '--all'],
    ['queues'],
    ['workers'],
    ['models'],
    ['result', delayed.taskId, '--wait', '20s'],
  ]) {
    expect(await inferq(command, { server: server.address })).toMatchObject({ code: 0 });
  }
  // Nothing was denied but INFO, which is tried once on each connection.
  const denied = ((await operator.call('ACL', 'LOG')) as string[][]).map((entry) => entry[entry.indexOf('object') + 1]);
  expect(new Set(denied)).toEqual(new Set(['info']));
  for (const one of [server, worker]) expect(lines(one, 'Redis refuses')).toEqual([]);
}, 60_000);

test('refused writes turn health, are the answer of calls, and are in both logs once; then all goes on', async () => {
  const { taskId } = await client.submit({ model: 'charlm', inputs: prompt, parameters: { max_tokens: 400 } });
  await operator.config('SET', 'min-replicas-to-write', '1');
  await eventually('health is NOT_SERVING', async () => !(await isServing()));
  await expect(client.submit(digit, { deadlineMs: 1_000 })).rejects.toMatchObject({ reason: 'STORE_REFUSING' });
  await eventually('the worker says so', () => lines(worker, 'NOREPLICAS Not enough good replicas').length > 0);
  await operator.config('SET', 'min-replicas-to-write', '0');
  await eventually('health is SERVING', isServing);
  expect((await client.getResult(taskId, { waitMs: 30_000 })).state).toBe('SUCCEEDED');
  await eventually('both say that it is over', () => [server, worker].every((one) => lines(one, 'Redis accepts calls again').length > 0));
  expect(lines(server, '"code":"NOREPLICAS"').filter((line) => line.includes('Redis refuses calls'))).toHaveLength(1);
}, 60_000);

test('a server and an executor that may not subscribe any more say so, and hear again once they may', async () => {
  await operator.call('ACL', 'SETUSER', 'inferq', 'resetchannels', '&other:*');
  await eventually('health is NOT_SERVING', async () => !(await isServing()));
  await eventually('both say so', () => [server, worker].every((one) => lines(one, '"call":"inbox"').length > 0));
  await allow();
  await eventually('health is SERVING', isServing);
  expect((await client.predict(digit)).state).toBe('SUCCEEDED');
}, 60_000);

test('odd publications end neither server nor executors', async () => {
  const channels = (await operator.call('PUBSUB', 'SHARDCHANNELS')) as string[];
  expect(channels.length).toBeGreaterThanOrEqual(2);
  for (const channel of channels)
    for (const odd of ['\xc1', '\x91\x05', '\x91\x91\xa1h']) await operator.call('SPUBLISH', channel, Buffer.from(odd, 'latin1'));
  await eventually('both say so', () => [server, worker].every((one) => lines(one, 'cannot be read').length > 0));
  expect((await client.predict(digit)).state).toBe('SUCCEEDED');
  expect(lines(worker, 'executor ended')).toEqual([]);
});

test.each(['server', 'worker'] as const)(
  'a %s with a wrong password ends with one sentence and code 1; without a Redis it waits, and ends when told',
  async (kind) => {
    const args = kind === 'worker' ? ['worker', '--repository', repository] : ['server', '--listen', '127.0.0.1:0'];
    const wrong = await inferq([...args, '--log-level', 'silent'], { env: { REDIS_URL: url.replace('secret', 'wrong') } });
    expect(wrong).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Redis at [^\n]*refuses the user name or the password[^\n]*\n$/),
    });
    expect(wrong.stderr).not.toContain('wrong');
    const away = spawn(process.execPath, [launcher, ...args], {
      env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const waiting = new Promise<string>((resolve) =>
      away.on('message', ({ kind: what, message }: { kind: string; message: string }) => what === 'waiting' && resolve(message)),
    );
    const ended = new Promise((resolve) => away.once('exit', resolve));
    expect(await waiting).toMatch(/^Waiting for Redis\. Redis at [^\n]+ cannot be reached/);
    away.kill('SIGTERM');
    expect(await ended).toBe(0);
  },
  60_000,
);
