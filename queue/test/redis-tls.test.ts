import { copyFileSync, writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authority, type KeyPair, makeAuthority } from '../../test/support/certificates.ts';
import { freePort, speaksTls, startRedis, type TestRedis } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import type { ConnectOptions } from '../queue.ts';
import type { RedisTlsFiles } from '../redis-tls.ts';
import { newTask } from './support/build.ts';
import { until } from './support/storage.ts';

// Builds in Python wheels come without TLS.
const withTls = await speaksTls();
const overTls = test.skipIf(!withTls);

let authority: Authority;
let own: KeyPair;
let redis: TestRedis;
let tlsPort: number;
beforeAll(async () => {
  if (!withTls) return;
  authority = makeAuthority();
  own = authority.issue('worker', ['worker.test']);
  const server = authority.issue('redis', ['127.0.0.1']);
  tlsPort = await freePort();
  redis = await startRedis({
    'tls-port': String(tlsPort),
    'tls-cert-file': server.cert,
    'tls-key-file': server.key,
    'tls-ca-cert-file': authority.ca,
    'tls-auth-clients': 'yes',
  });
});
afterAll(async () => {
  await redis?.stop();
  authority?.remove();
});

function connect(tls: RedisTlsFiles, more: Partial<ConnectOptions> = {}) {
  return connectQueue({ url: `rediss://127.0.0.1:${tlsPort}/1`, tls, whenDown: 'fail', ...more });
}

overTls('commands and inbox go over TLS with a private authority and a client certificate', async () => {
  const connection = await connect({ ca: authority.ca, ...own });
  const inbox = await connection.openInbox('server-1');
  const task = newTask({ watchBy: inbox.name });
  await connection.submission.submit([task]);
  const heard = new Promise((resolve) => inbox.onMessages(resolve));
  await connection.submission.cancel({ id: task.id, force: false });
  expect(await heard).toMatchObject([{ snapshot: { id: task.id, state: 'cancelled' } }]);
  await connection.close();
});

overTls.each<[string, () => RedisTlsFiles, string]>([
  ['an authority that is not trusted', () => ({ ...own }), 'is not trusted: give the file of that authority with --redis-ca'],
  ['a client without a certificate', () => ({ ca: authority.ca }), 'for a client certificate'],
  [
    'a certificate that has expired',
    () => ({ ca: authority.ca, ...authority.issue('expired', ['x.test'], 'expired') }),
    'client certificate',
  ],
  ['a file that is not there', () => ({ ca: '/nowhere/ca.pem' }), 'cannot be read: ENOENT: no such file or directory'],
  ['a key of another certificate', () => ({ ...own, key: authority.issue('other', ['x.test']).key }), 'TLS cannot be set up from'],
])('%s is refused with a sentence', async (_what, files, problem) => {
  await expect(connect(files())).rejects.toThrow(problem);
});

overTls('TLS on a plain port, and plain text on a TLS port, are told apart', async () => {
  const tls = connectQueue({ url: `rediss://127.0.0.1:${redis.port}`, tls: { ca: authority.ca }, whenDown: 'fail' });
  const plain = connectQueue({ url: `redis://127.0.0.1:${tlsPort}`, whenDown: 'fail' });
  await expect(plain).rejects.toThrow('write rediss:// instead of redis://');
  await expect(tls).rejects.toThrow('write redis:// instead of rediss://');
});

overTls("a server's certificate for another name, or of the past, is refused with a sentence", async () => {
  const url = `rediss://localhost:${tlsPort}`;
  await expect(connectQueue({ url, tls: { ca: authority.ca, ...own }, whenDown: 'fail' })).rejects.toThrow(
    'its certificate is not valid for localhost',
  );
  const old = authority.issue('old', ['127.0.0.1'], 'expired');
  const port = await freePort();
  const tlsFiles = { 'tls-cert-file': old.cert, 'tls-key-file': old.key, 'tls-ca-cert-file': authority.ca };
  const expired = await startRedis({ 'tls-port': String(port), ...tlsFiles });
  const connecting = connectQueue({ url: `rediss://127.0.0.1:${port}`, tls: { ca: authority.ca, ...own }, whenDown: 'fail' });
  await expect(connecting).rejects.toThrow('its certificate has expired');
  await expired.stop();
});

overTls('replaced files are used by the next connection; broken ones are reported, and the last good ones stay', async () => {
  const files = { ca: `${authority.ca}.copy`, cert: `${own.cert}.copy`, key: `${own.key}.copy` };
  const fill = (pair: KeyPair) => {
    copyFileSync(authority.ca, files.ca);
    copyFileSync(pair.cert, files.cert);
    copyFileSync(pair.key, files.key);
  };
  fill(own);
  const problems: string[] = [];
  const connection = await connect(files, { whenDown: 'wait', onNotice: ({ details }) => problems.push(String(details.problem)) });
  const plain = new Redis(redis.url);
  const reconnect = async () => {
    await plain.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => connection.state === 'down');
    await until(() => connection.state === 'up');
  };
  writeFileSync(files.cert, 'half a certificate');
  await reconnect();
  expect(problems).toContainEqual(expect.stringContaining(`TLS cannot be set up from ${files.ca}`));
  fill(authority.issue('renewed', ['worker.test']));
  await reconnect();
  expect(await connection.submission.inspect([newTask().id])).toEqual([undefined]);
  plain.disconnect();
  await connection.close();
});
