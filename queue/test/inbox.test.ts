/** What an inbox does when Redis refuses its subscription, and with publications that nobody of ours has made. */

import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import { key } from '../keys.ts';
import { readPublication } from '../publication.ts';
import type { InboxMessage, QueueConnection, StoreNotice } from '../queue.ts';
import { newId, newTask } from './support/build.ts';
import { until } from './support/storage.ts';

let server: TestRedis;
let operator: Redis;
let connection: QueueConnection;
let notices: StoreNotice[];
let heard: InboxMessage[];

beforeAll(async () => {
  server = await startRedis({ appendonly: 'no' });
  operator = new Redis(server.url, { protocol: 2 });
});
afterAll(async () => {
  operator.disconnect();
  await server.stop();
});
beforeEach(async () => {
  notices = [];
  heard = [];
  await operator.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all');
  const url = server.url.replace('//', '//app:secret@');
  connection = await connectQueue({ url, whenDown: 'fail', onNotice: (notice) => notices.push(notice) });
});
afterEach(() => connection.close());

async function open() {
  const inbox = await connection.openInbox('server-1');
  const resumed = { times: 0 };
  inbox.onMessages((messages) => heard.push(...messages));
  inbox.onResumed(() => {
    resumed.times += 1;
  });
  return { inbox, resumed };
}

/** A task that the inbox watches is cancelled: is that heard? */
async function hearsCancelling(): Promise<void> {
  const { id } = newTask();
  await connection.submission.submit([newTask({ id, watchBy: 'server-1' })]);
  await connection.submission.cancel({ id, force: false });
  await until(() => heard.some((message) => message.kind === 'snapshot' && message.snapshot.id === id));
}

function publish(payload: Uint8Array): Promise<unknown> {
  return operator.call('SPUBLISH', key('inbox', 'server-1'), Buffer.from(payload));
}

const told = () => notices.map(({ level, details }) => `${level} ${details.code} ${details.call ?? ''}`);

test('a subscription that is refused after a reconnect is asked for until it works, and said to be so', async () => {
  const { inbox, resumed } = await open();
  expect(inbox.hears).toBe(true);
  // Redis ends the connections of subscribers who may not listen any more.
  await operator.call('ACL', 'SETUSER', 'app', 'resetchannels', '&other:*');
  await until(() => told().length > 0);
  expect(told()).toEqual(['warn NOPERM inbox']);
  expect(notices[0]?.details.problem).toMatch(/^NOPERM .*channel/);
  expect(inbox.hears).toBe(false);
  await operator.call('ACL', 'SETUSER', 'app', '&*');
  await until(() => inbox.hears);
  expect(resumed.times).toBe(1);
  expect(told()).toEqual(['warn NOPERM inbox', 'info NOPERM ']);
  await hearsCancelling();
});

test('a subscription that is refused from the start works later, and says that something may have been missed', async () => {
  await operator.call('ACL', 'SETUSER', 'app', 'resetchannels', '&other:*');
  const { inbox, resumed } = await open();
  expect(inbox.hears).toBe(false);
  await operator.call('ACL', 'SETUSER', 'app', '&*');
  await until(() => inbox.hears);
  expect(resumed.times).toBe(1);
  await hearsCancelling();
});

test('a connection for the inbox alone that cannot be made is said after a while', async () => {
  await operator.config('SET', 'maxclients', '2');
  try {
    const { inbox } = await open();
    expect(inbox.hears).toBe(false);
    await until(() => told().length > 0);
    // The words of Redis may be lost with the connection.
    expect(told()).toEqual([expect.stringMatching(/^warn (MAXCLIENTS|ECONNRESET|EPIPE|CLOSED) inbox$/)]);
    await operator.config('SET', 'maxclients', '100');
    await until(() => inbox.hears);
  } finally {
    await operator.config('SET', 'maxclients', '100');
  }
}, 30_000);

const id = newId();
const odd: [string, Uint8Array][] = [
  ['bytes that are not msgpack', Buffer.from([0xc1, 0xff])],
  ['nothing', Buffer.alloc(0)],
  ['half a list', Buffer.from([0xdc, 0xff, 0xff])],
  ['a list that claims to be endless', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
  ['a number', encode(5)],
  ['a map', encode({ a: 1 })],
  ['a text', encode('b')],
  ['a message that is a number', encode([5])],
  ['a message that is empty', encode([[]])],
  ['a kind that nobody knows', encode([['?', 1]])],
  ['a wake-up without a task', encode([['w']])],
  ['a wake-up for no id', encode([['w', 'x']])],
  ['a cancellation of a list', encode([['x', [1], 1]])],
  ['a chunk without a payload', encode([['c', 1, id, 1, 1, 0]])],
  ['a chunk whose number is none', encode([['c', 1, id, 'x', 1, 0, Buffer.from('a')]])],
  ['a snapshot that is a number', encode([['s', 1, 5]])],
  ['a snapshot of nothing', encode([['s', 1, [id, [], '', '', '', []]]])],
  ['a snapshot with an error that is none', encode([['s', 1, [id, ['s', 'failed'], '', '', Buffer.from([0xc1]), []]]])],
  ['a line that is too short', encode([['t', 1, id, Buffer.alloc(0)]])],
  ['a hand-over that is a number', encode([['h', 1, 5]])],
  ['a hand-over of nothing', encode([['h', 'x', ['claimed', 'a:b:1', '5', '', [], 0]]])],
  ['a hand-over of a task that is none', encode([['h', 1, ['claimed', 'a:b:1', '5', '', ['x', Buffer.from('y')], 0]]])],
];

test('odd publications are dropped and said once, everything is read again once a second, and good ones are heard after them', async () => {
  const { resumed } = await open();
  for (const [, payload] of odd) await publish(payload);
  await publish(encode([['b'], ['w'], ['w', id]]));
  await hearsCancelling();
  expect(heard.slice(0, 2)).toEqual([{ kind: 'bell' }, { kind: 'wake', id }]);
  expect(heard).toHaveLength(3);
  await until(() => resumed.times > 0);
  expect(resumed.times).toBe(1);
  expect(notices).toEqual([
    {
      level: 'warn',
      message: 'dropped a message to the inbox that cannot be read',
      details: { problem: expect.stringContaining('not msgpack') },
    },
  ]);
});

test.each(odd)('%s is no message', (_what, payload) => {
  expect(readPublication(payload)).toEqual({ messages: [], problem: expect.any(String) });
});

test('whatever is published, reading it throws nothing', () => {
  const anything = fc.anything({ withBigInt: false, withDate: false, withMap: false, withSet: false, withTypedArray: false, maxDepth: 4 });
  const kinds = fc.constantFrom('b', 'h', 'x', 'w', 'c', 't', 's', 'z');
  const events = fc.array(fc.tuple(kinds, anything, anything, anything).map((event) => event as unknown[]));
  const packed = events.map((list) => encode(list, { ignoreUndefined: true }));
  fc.assert(
    fc.property(fc.oneof(packed, fc.uint8Array()), (payload) => {
      for (const message of readPublication(payload).messages) expect(message.kind).toBeTypeOf('string');
    }),
  );
});

test('a listener that throws ends neither the process nor the inbox, and its stack is in the log', async () => {
  const { inbox } = await open();
  inbox.onMessages((messages) => {
    heard.push(...messages);
    throw new TypeError('a bug in a listener');
  });
  await publish(encode([['b']]));
  await publish(encode([['b']]));
  await until(() => heard.length === 2);
  expect(notices).toMatchObject([{ level: 'error', details: { call: 'inbox', err: expect.any(TypeError) } }]);
});
