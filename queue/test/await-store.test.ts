/** What a start says of a Redis that it cannot use, and whether it waits for it. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort, startRedis, type TestRedis } from '../../test/support/redis.ts';
import { awaitStore, type Started, type StoreStart } from '../await-store.ts';
import { newTask } from './support/build.ts';
import { until } from './support/storage.ts';

let server: TestRedis;
let operator: Redis;
const servers: TestRedis[] = [];
beforeAll(async () => {
  server = await another();
  operator = new Redis(server.url, { protocol: 2 });
});
afterEach(async () => {
  await operator.call('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '&*', '+@all');
});
afterAll(async () => {
  operator.disconnect();
  await Promise.all(servers.map((one) => one.stop()));
});

async function another(settings: Record<string, string> = {}): Promise<TestRedis> {
  const started = await startRedis({ appendonly: 'no', ...settings });
  servers.push(started);
  return started;
}

/** A start under way: what it has said so far, and what becomes of it. */
function start(url: string, more: Partial<StoreStart> = {}) {
  const said: string[] = [];
  const stop = new AbortController();
  const options = {
    url,
    whenDown: 'fail',
    abandon: stop.signal,
    onWaiting: (sentence: string) => said.push(sentence),
    inContainer: false,
  } as const;
  return { said, stop: () => stop.abort(), started: awaitStore({ ...options, ...more }) };
}

/** What a start waits for, in a sentence; it is given up then. */
async function waitingFor(url: string, more: Partial<StoreStart> = {}): Promise<string> {
  const { said, stop, started } = start(url, more);
  await until(() => said.length > 0);
  stop();
  expect(await started).toEqual({ kind: 'abandoned' });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^Waiting for Redis\. [^\n]+\.$/);
  return said[0] ?? '';
}

async function refusalOf(url: string): Promise<string> {
  const { said, started } = start(url);
  const end: Started = await started;
  expect(said).toEqual([]);
  expect(end).toEqual({ kind: 'refused', sentence: expect.stringMatching(/^[^\n]+$/) });
  return end.kind === 'refused' ? end.sentence : '';
}

const as = (credentials: string) => server.url.replace('//', `//${credentials}@`);

test('a Redis that is not there is waited for, and used once it is', async () => {
  const port = await freePort();
  const { said, started } = start(`redis://127.0.0.1:${port}`);
  await until(() => said.length > 0);
  expect(said).toEqual([
    `Waiting for Redis. Redis at redis://127.0.0.1:${port}/0 cannot be reached (connect ECONNREFUSED 127.0.0.1:${port}). Start it, or give another address with --redis or REDIS_URL.`,
  ]);
  await another({ port: String(port) });
  const end = await started;
  if (end.kind !== 'connected') throw new Error(end.kind);
  expect(end.warnings).toHaveLength(2);
  expect(await end.connection.submission.submit([newTask()])).toMatchObject([{ kind: 'accepted' }]);
  await end.connection.close();
});

test('in a container, a refused connection to localhost is explained', async () => {
  const port = await freePort();
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    expect(await waitingFor(`redis://${host}:${port}`, { inContainer: true })).toContain(
      'localhost and 127.0.0.1 are the container itself',
    );
  }
  expect(await waitingFor(`redis://127.0.0.1:${port}`)).not.toContain('container');
  expect(await waitingFor('redis://no-such-host.invalid', { inContainer: true })).not.toContain('container itself');
});

test('a Redis that does not answer, or is loading its data, is waited for', async () => {
  const frozen = await another();
  frozen.freeze();
  expect(await waitingFor(frozen.url, { patienceMs: 100 })).toContain('does not answer: it may be loading its data');
  frozen.thaw();
});

test('a name that cannot be resolved and a socket that is not there are waited for', async () => {
  expect(await waitingFor('redis://no-such-host.invalid')).toMatch(/cannot be reached \(getaddrinfo E\w+ no-such-host.invalid\)/);
  expect(await waitingFor('unix:///nowhere/redis.sock')).toContain('cannot be reached (connect ENOENT /nowhere/redis.sock)');
});

test('a replica is waited for until it is promoted', async () => {
  const replica = await another();
  const own = new Redis(replica.url, { protocol: 2 });
  await own.replicaof('127.0.0.1', server.port);
  const { said, started } = start(replica.url);
  await until(() => said.length > 0);
  expect(said[0]).toContain('is a replica, which takes no writes (READONLY');
  await own.replicaof('NO', 'ONE');
  const end = await started;
  if (end.kind !== 'connected') throw new Error(end.kind);
  await end.connection.close();
  own.disconnect();
});

test('a Redis that refuses writes is waited for, in its own words, and each new reason is said', async () => {
  const strict = await another({ 'min-replicas-to-write': '1' });
  const own = new Redis(strict.url, { protocol: 2 });
  const { said, started } = start(strict.url);
  await until(() => said.length > 0);
  expect(said[0]).toContain('cannot be used (NOREPLICAS Not enough good replicas to write)');
  await own.replicaof('127.0.0.1', await freePort());
  await until(() => said.length > 1);
  expect(said[1]).toContain('is a replica');
  await own.replicaof('NO', 'ONE');
  await own.config('SET', 'min-replicas-to-write', '0');
  const end = await started;
  if (end.kind !== 'connected') throw new Error(end.kind);
  await end.connection.close();
  own.disconnect();
});

test('a password that is wrong, missing or unwanted is refused', async () => {
  await operator.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all');
  expect(await refusalOf(as('app:wrong'))).toMatch(/refuses the user name or the password in the Redis URL \(WRONGPASS/);
  expect(await refusalOf(as(':unwanted'))).toContain('the URL has a password, but this Redis has none set');
  await operator.call('ACL', 'SETUSER', 'default', 'resetpass', '>secret');
  expect(await refusalOf(server.url)).toMatch(/needs a password, and the Redis URL has none/);
});

test('a missing permission is refused and named', async () => {
  await operator.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-xadd', '-spublish');
  expect(await refusalOf(as('app:secret'))).toMatch(
    /does not let this user run spublish, xadd on the keys and channels iq:\*\. docs\/redis\.md/,
  );
  await operator.call('ACL', 'SETUSER', 'app', 'resetkeys', '~other:*');
  expect(await refusalOf(as('app:secret'))).toMatch(/does not let this user do what inferq needs \(NOPERM .*docs\/redis\.md/);
});

test('a cluster, a Redis that evicts keys and a database that is not there are refused', async () => {
  const cluster = await another({ 'cluster-enabled': 'yes' });
  expect(await refusalOf(cluster.url)).toContain('Redis Cluster, which inferq does not support yet');
  const evicting = await another({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
  expect(await refusalOf(evicting.url)).toContain('maxmemory-policy noeviction');
  expect(await refusalOf(`${server.url}/99`)).toContain('refuses database 99');
});

test('what is not Redis is refused', async () => {
  const http = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  expect(await refusalOf(`redis://127.0.0.1:${(http.address() as AddressInfo).port}`)).toContain('is not Redis');
  http.close();
});
