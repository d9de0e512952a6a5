import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import type { ConnectOptions, QueueConnection, StoreNotice } from '../queue.ts';
import { newTask } from './support/build.ts';
import { until } from './support/storage.ts';

const databases = 3;
let redis: TestRedis;
const open: QueueConnection[] = [];

beforeAll(async () => {
  redis = await startRedis({ databases: String(databases) });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});
afterAll(() => redis.stop());

async function connect(path: string, more: Partial<ConnectOptions> = {}): Promise<QueueConnection> {
  const connection = await connectQueue({ url: `${redis.url}${path}`, whenDown: 'fail', ...more });
  open.push(connection);
  return connection;
}

test('each database keeps its own tasks', async () => {
  const [first, last] = [await connect(''), await connect(`/${databases - 1}`)];
  const task = newTask();
  await last.submission.submit([task]);
  expect(await last.submission.inspect([task.id])).toMatchObject([{ id: task.id }]);
  expect(await first.submission.inspect([task.id])).toEqual([undefined]);
});

test('a database that Redis does not have is refused, not replaced by another', async () => {
  await expect(connect(`/${databases}`)).rejects.toMatchObject({ kind: 'refusing', code: 'UNUSABLE' });
  await expect(connect(`/${databases}`)).rejects.toThrow(`Redis refuses database ${databases} of the URL (ERR DB index is out of range)`);
});

test('a password is refused where Redis has none', async () => {
  await expect(connectQueue({ url: redis.url.replace('//', '//:secret@'), whenDown: 'fail' })).rejects.toThrow('this Redis has none set');
});

test('a connection that finds fewer databases after a restart waits instead of using another one', async () => {
  const notices: StoreNotice[] = [];
  const connection = await connect(`/${databases - 1}`, { whenDown: 'wait', onNotice: (notice) => notices.push(notice) });
  await redis.restart('SIGTERM', { databases: '1' });
  await until(() => notices.some(({ details }) => details.code === 'UNUSABLE'));
  const submitted = connection.submission.submit([newTask()]);
  expect(connection.state).toBe('down');
  await redis.restart('SIGTERM', { databases: String(databases) });
  expect(await submitted).toMatchObject([{ kind: 'accepted' }]);
});
