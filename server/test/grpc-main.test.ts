import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { credentials } from '@grpc/grpc-js';
import { defaults } from '@inferq/core/limits.ts';
import {
  type HealthCheckResponse,
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { BrokerClient, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { runServer, type ServerOptions } from '@inferq/server/main.ts';
import { failure, reply } from '@inferq/test/support/grpc-edge.ts';
import { freePort, startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

const password = 'a-secret-that-no-log-may-hold';
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

function optionsFor(redisUrl: string, more: Partial<ServerOptions> = {}): ServerOptions {
  const limits = {
    maxTasks: defaults.queueTasks,
    maxBytes: defaults.queueBytes,
    retainedBytes: defaults.retainedBytes,
    memoryWatermark: defaults.memoryWatermark,
  };
  return { redisUrl, listen: '127.0.0.1:0', maxMessageBytes: 1_000_000, queues: [], limits, processes: 1, logLevel: 'debug', ...more };
}

/** A server in a process of its own; `out` is all that it wrote. */
function launch(options: ServerOptions): { child: ChildProcess; out: () => string } {
  const program = `
    import { runServer } from '@inferq/server/main.ts';
    process.exitCode = await runServer(JSON.parse(process.argv[1]), { onReady: (address) => console.log('ready ' + address) });
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data));
  return { child, out: () => text };
}

const patience = { timeout: 15_000, interval: 50 };

test('a server serves while Redis answers, says so where it does not, and ends with 0 when told to', { timeout: 60_000 }, async () => {
  const { child, out } = launch(optionsFor(redis.url));
  await expect.poll(out, patience).toMatch(/^ready /m);
  const address = /^ready (.*)$/m.exec(out())?.[1] as string;
  const health = new HealthClient(address, credentials.createInsecure());
  const heard: number[] = [];
  const watch = health.watch({ service: '' });
  watch.on('data', (message: HealthCheckResponse) => heard.push(message.status)).on('error', () => undefined);
  await expect.poll(() => heard.at(-1), patience).toBe(Serving.SERVING);
  expect(heard).toEqual([Serving.SERVING]);
  expect(out()).not.toContain('NOT_SERVING');

  const broker = new BrokerClient(address, credentials.createInsecure());
  const unknown = await failure(reply((done) => broker.submit(SubmitRequest.fromPartial({ model: 'nobody' }), done)));
  expect(unknown.details).toContain('There is no model "nobody"');

  redis.freeze();
  await expect.poll(() => heard.at(-1), patience).toBe(Serving.NOT_SERVING);
  redis.thaw();
  await expect.poll(() => heard.at(-1), patience).toBe(Serving.SERVING);

  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect([code, out()]).toEqual([0, expect.stringContaining('server stopped')]);
  health.close();
  broker.close();
});

test('a server that waits for Redis can be told to stop, and logs no password', { timeout: 60_000 }, async () => {
  const url = `redis://user:${password}@127.0.0.1:${await freePort()}`;
  const { child, out } = launch(optionsFor(url));
  await expect.poll(out, patience).toContain('Waiting for Redis. Redis at');
  child.kill('SIGHUP');
  await expect.poll(out, patience).toContain('nothing to reload');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(out()).not.toContain(password);
});

test.each([
  ['a Redis URL that is none', { redisUrl: `localhost/${password}` }, /must look like redis:/],
  ['an address that is none', { listen: 'nowhere' }, /use HOST:PORT/],
  ['a message size of nothing', { maxMessageBytes: 0 }, /is 0 bytes/],
  ['a queue whose name would change a hash tag', { queues: ['a{b}'] }, /is not a valid queue name/],
])('options that cannot be are refused with a sentence: %s', async (_what, wrong, sentence) => {
  const refused = runServer(optionsFor('redis://127.0.0.1:1', wrong));
  await expect(refused).rejects.toThrow(sentence);
  await expect(refused).rejects.not.toThrow(password);
});

test('a Redis that evicts keys is refused with what mends it', async () => {
  const evicting = await startRedis({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
  try {
    await expect(runServer(optionsFor(evicting.url, { logLevel: 'silent' }))).rejects.toThrow(/maxmemory-policy noeviction/);
  } finally {
    await evicting.stop();
  }
});
