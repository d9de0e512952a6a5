import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { type CommandResult, inferq } from '@inferq/test/support/stack.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

const secret = 'SECRET';
let redis: TestRedis;
let data: string;
beforeAll(async () => {
  redis = await startRedis({ requirepass: secret });
  data = mkdtempSync(join(tmpdir(), 'inferq-url-'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(data, { recursive: true });
});

/** What each program that takes a Redis URL answers to one that it must refuse. */
async function refusals(url: string): Promise<CommandResult[]> {
  const listen = ['--listen', `127.0.0.1:${await freePort()}`];
  return Promise.all([
    inferq(['server', ...listen, '--redis', url]),
    inferq(['worker', '--redis', url]),
    inferq(['up', ...listen, '--data', data], { env: { REDIS_URL: url } }),
  ]);
}

test('server, worker and up do not start in another database than the URL names, and name it without the password', async () => {
  const own = `127.0.0.1:${redis.port}`;
  for (const { code, stdout, stderr } of await refusals(`redis://:${secret}@${own}/16`)) {
    expect(code).not.toBe(0);
    expect(stderr).toContain(`Redis at redis://${own}/16 cannot be used: Redis refuses database 16`);
    expect(stdout + stderr).not.toContain(secret);
  }
});

test('a URL that is not valid is refused at once, and not printed', async () => {
  for (const { code, stdout, stderr } of await refusals(`redis://:abc/${secret}@127.0.0.1`)) {
    expect([code, stderr]).toEqual([2, expect.stringMatching(/in the Redis URL is not percent-encoded/)]);
    expect(stdout + stderr).not.toContain(secret);
  }
});

test('a URL in a place that takes none is not repeated', async () => {
  for (const args of [['server', `redis://:${secret}@h`], ['worker', `--redis-url=redis://:${secret}@h`], [`redis://:${secret}@h`]]) {
    const { code, stdout, stderr } = await inferq(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('error:')]);
    expect(stdout + stderr).not.toContain(secret);
  }
});
