/** A failover behind one host name: the demoted master keeps the connections that it has, and the name leads to the new one. */

import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import { type Switch, startSwitch } from '../../test/support/switch.ts';
import { connectQueue } from '../connect.ts';
import { key } from '../keys.ts';
import type { InboxMessage, QueueConnection, StoreNotice } from '../queue.ts';
import { newId, newTask } from './support/build.ts';
import { until } from './support/storage.ts';

let servers: TestRedis[];
let operators: Redis[];
let name: Switch;
let notices: StoreNotice[];
const open: QueueConnection[] = [];

beforeEach(async () => {
  notices = [];
  servers = await Promise.all([startRedis(), startRedis()]);
  operators = servers.map(({ url }) => new Redis(url, { protocol: 2 }));
  name = await startSwitch(portOf(0));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await name.stop();
  for (const operator of operators) operator.disconnect();
  await Promise.all(servers.map((server) => server.stop()));
});

function portOf(server: number): number {
  return servers[server]?.port ?? 0;
}

async function connect(whenDown: 'fail' | 'wait'): Promise<QueueConnection> {
  const connection = await connectQueue({ url: `redis://127.0.0.1:${name.port}`, whenDown, onNotice: (notice) => notices.push(notice) });
  open.push(connection);
  return connection;
}

/** Makes the first server a replica of the second. */
async function demote(): Promise<void> {
  await operators[0]?.replicaof('127.0.0.1', portOf(1));
}

test.each(['fail', 'wait'] as const)('calls reach the new master at once where the name leads to it (%s)', async (whenDown) => {
  const connection = await connect(whenDown);
  const inbox = await connection.openInbox('server-1');
  const heard: InboxMessage[] = [];
  inbox.onMessages((messages) => heard.push(...messages));
  await demote();
  name.point(portOf(1));
  const task = newTask({ watchBy: 'server-1' });
  const calls = [connection.submission.submit([task]), ...Array.from({ length: 20 }, () => connection.submission.inspect([newId()]))];
  expect((await Promise.all(calls))[0]).toMatchObject([{ kind: 'accepted' }]);
  expect(await operators[1]?.dbsize()).toBeGreaterThan(0);
  // The inbox follows to where messages are published now.
  await until(() => inbox.hears);
  await until(async () => `${await operators[1]?.call('PUBSUB', 'SHARDCHANNELS')}` === key('inbox', 'server-1'));
  await connection.submission.cancel({ id: task.id, force: false });
  await until(() => heard.length > 0);
  expect(heard).toMatchObject([{ kind: 'snapshot', snapshot: { id: task.id, state: 'cancelled' } }]);
  expect(notices).toEqual([]);
});

test('a replica that nobody promotes refuses calls, and is not asked for a new connection by each of them', async () => {
  const connection = await connect('fail');
  const before = name.connections;
  await demote();
  const refused = { kind: 'refusing', code: 'READONLY' };
  for (let count = 0; count < 100; count++) await expect(connection.submission.inspect([newId()])).rejects.toMatchObject(refused);
  expect(name.connections - before).toBeLessThan(5);
  expect(notices.map(({ level, details }) => `${level} ${details.code}`)).toEqual(['warn READONLY']);
});

test('a name that leads to the new master only later is followed then', async () => {
  const connection = await connect('wait');
  await demote();
  await expect(connection.submission.inspect([newId()])).rejects.toMatchObject({ code: 'READONLY' });
  name.point(portOf(1));
  await until(() =>
    connection.submission.inspect([newId()]).then(
      () => true,
      () => false,
    ),
  );
  expect(notices.map(({ level, details }) => `${level} ${details.code}`)).toEqual(['warn READONLY', 'info READONLY']);
});
