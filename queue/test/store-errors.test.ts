/** What a real Redis answers when it refuses, and what callers and the operator's log make of it. */

import { mkdirSync, rmSync } from 'node:fs';
import type { StoreError } from '@inferq/core/store-error.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort, startRedis, type TestRedis } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import { key } from '../keys.ts';
import type { QueueConnection, StoreNotice } from '../queue.ts';
import { newId } from './support/build.ts';
import { until } from './support/storage.ts';

let server: TestRedis;
/** An operator's connection, which nothing is refused to. */
let operator: Redis;
let connection: QueueConnection;
let notices: StoreNotice[];

beforeAll(async () => {
  server = await startRedis({ appendonly: 'no' });
  operator = new Redis(server.url, { protocol: 2, enableReadyCheck: false });
  operator.on('error', () => {});
});
afterAll(async () => {
  operator.disconnect();
  await server.stop();
});
beforeEach(async () => {
  notices = [];
  await operator.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all');
  const url = server.url.replace('//', '//app:secret@');
  connection = await connectQueue({ url, whenDown: 'fail', onNotice: (notice) => notices.push(notice) });
});
afterEach(() => connection.close());

/** A script that writes. */
function write(): Promise<unknown> {
  return connection.submission.unwatch([newId()], 'server-1');
}

/** A plain command. */
function read(): Promise<unknown> {
  return connection.submission.readChunks(newId(), 0, 1_000);
}

let folder: string;

async function misconfigure(): Promise<void> {
  folder = ((await operator.config('GET', 'dir')) as [string, string])[1];
  rmSync(folder, { recursive: true });
  await operator.config('SET', 'save', '1 1');
  await until(async () => {
    await operator.incr('changes').catch(() => undefined);
    return (await operator.info('persistence')).includes('rdb_last_bgsave_status:err');
  });
}

/** The folder that Redis works in is gone for good, and one of the same name is not the same: it must do without. */
async function writeAllTheSame(): Promise<void> {
  await operator.config('SET', 'save', '');
  await operator.config('SET', 'stop-writes-on-bgsave-error', 'no');
  mkdirSync(folder);
}

const allowed = ['ACL', 'SETUSER', 'app', '+@all', '~*', '&*'];

test.each<[string, () => Promise<unknown>, () => Promise<unknown>, () => Promise<unknown>, RegExp]>([
  [
    'NOREPLICAS',
    () => operator.config('SET', 'min-replicas-to-write', '1'),
    () => operator.config('SET', 'min-replicas-to-write', '0'),
    write,
    /^NOREPLICAS Not enough good replicas/,
  ],
  [
    'READONLY',
    async () => operator.replicaof('127.0.0.1', await freePort()),
    () => operator.replicaof('NO', 'ONE'),
    write,
    /^READONLY You can't write/,
  ],
  [
    'MASTERDOWN',
    async () => {
      await operator.config('SET', 'replica-serve-stale-data', 'no');
      await operator.replicaof('127.0.0.1', await freePort());
    },
    () => operator.replicaof('NO', 'ONE'),
    read,
    /^MASTERDOWN Link with MASTER is down/,
  ],
  ['MISCONF', misconfigure, writeAllTheSame, write, /^MISCONF .* unable to persist/],
  [
    'NOPERM',
    () => operator.call('ACL', 'SETUSER', 'app', '-evalsha'),
    () => operator.call(...(allowed as [string])),
    write,
    /^NOPERM .*evalsha/,
  ],
  [
    'NOPERM',
    () => operator.call('ACL', 'SETUSER', 'app', '-time'),
    () => operator.call(...(allowed as [string])),
    write,
    /^ERR .*(script|time)/,
  ],
  [
    'NOPERM',
    () => operator.call('ACL', 'SETUSER', 'app', 'resetkeys', '~other:*'),
    () => operator.call(...(allowed as [string])),
    read,
    /^NOPERM .*key/,
  ],
])('%s is a refusal, in the log once with the words of Redis, and once when it is over', async (code, provoke, undo, call, words) => {
  await provoke();
  try {
    for (let count = 0; count < 20; count++) await expect(call()).rejects.toMatchObject({ name: 'StoreError', kind: 'refusing', code });
  } finally {
    await undo();
  }
  await call();
  expect(notices).toEqual([
    {
      level: 'warn',
      message: 'Redis refuses calls',
      details: { code, problem: expect.stringMatching(words), call: expect.any(String), calls: 1 },
    },
    { level: 'info', message: 'Redis accepts calls again', details: { code, calls: 20, afterMs: expect.any(Number) } },
  ]);
});

test('a key of the wrong type is a fault: one line with a stack, whose id every caller gets', async () => {
  const id = newId();
  await operator.rpush(key('record', id), 'not a hash');
  const errors = await Promise.all([1, 2].map(() => connection.submission.inspect([id]).catch((error: StoreError) => error)));
  await operator.del(key('record', id));
  expect(errors).toMatchObject([
    { kind: 'fault', code: 'WRONGTYPE' },
    { kind: 'fault', code: 'WRONGTYPE' },
  ]);
  const [line, ...more] = notices;
  expect(more).toEqual([]);
  expect(line).toMatchObject({ level: 'error', details: { call: 'inspect', code: 'WRONGTYPE' } });
  expect((line as StoreNotice).details.err).toMatchObject({ stack: expect.stringContaining('WRONGTYPE') });
  expect(errors.map((error) => (error as StoreError).logId)).toEqual([line?.details.id, line?.details.id]);
});

test('a Redis that a script keeps busy is away until it is over', async () => {
  await operator.config('SET', 'busy-reply-threshold', '10');
  const other = new Redis(server.url, { protocol: 2 });
  const busy = other.eval('while true do end', 0).catch(() => 'killed');
  await until(() =>
    read().then(
      () => false,
      ({ kind, code }: StoreError) => kind === 'away' && code === 'BUSY',
    ),
  );
  await operator.script('KILL');
  expect(await busy).toBe('killed');
  await write();
  other.disconnect();
  expect(notices.map(({ message }) => message)).toEqual(['Redis cannot be reached; trying again until it answers', 'Redis answers again']);
});

test('an outage is said once with its reason, and once when it is over, whoever calls meanwhile', async () => {
  const said: string[] = [];
  const own = await connectQueue({ url: server.url, whenDown: 'fail', onNotice: ({ level, message }) => said.push(`${level} ${message}`) });
  const back = server.restart('SIGKILL');
  await until(() => own.state === 'down');
  for (let count = 0; count < 10; count++) {
    await expect(own.submission.now()).rejects.toMatchObject({
      kind: 'away',
      message: expect.stringMatching(/connection was closed|ECONN/),
    });
  }
  await back;
  await until(() => own.state === 'up');
  await own.submission.now();
  await own.close();
  expect(said).toEqual(['warn Redis cannot be reached; trying again until it answers', 'info Redis answers again']);
});

test('a password that is changed behind our back is what callers are refused with', async () => {
  await operator.call('ACL', 'SETUSER', 'app', 'resetpass', '>another');
  await operator.call('CLIENT', 'KILL', 'USER', 'app');
  const code = () =>
    read().then(
      () => 'none',
      (error: StoreError) => error.code,
    );
  await until(async () => (await code()) === 'WRONGPASS');
  await operator.call('ACL', 'SETUSER', 'app', '>secret');
  await until(async () => (await code()) === 'none');
  expect(notices.filter(({ details }) => details.code === 'WRONGPASS').map(({ level }) => level)).toEqual(['warn', 'info']);
});
