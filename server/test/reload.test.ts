import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { BrokerClient, SubmitManyRequest, type SubmitManyResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { type Authority, type KeyPair, makeAuthority } from '@inferq/test/support/certificates.ts';
import { freePort, startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { eventually, startProcess, type TestProcess } from '@inferq/test/support/stack.ts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'inferq-reload-'));
const served = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'ca.pem') };
let redis: TestRedis;
let [authority, another]: Authority[] = [];
let pairs: KeyPair[];
let server: TestProcess | undefined;

beforeAll(async () => {
  redis = await startRedis();
  authority = makeAuthority();
  another = makeAuthority('another authority');
  pairs = ['first', 'second'].map((name) => made(authority).issue(name, ['127.0.0.1']));
});
afterEach(async () => {
  await server?.stop('SIGKILL');
  server = undefined;
});
afterAll(async () => {
  await redis.stop();
  authority?.remove();
  another?.remove();
  rmSync(folder, { recursive: true });
});

function made<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it has not been made yet');
  return value;
}

function install(pair: KeyPair | undefined, ca: Authority | undefined = authority): void {
  copyFileSync(made(pair).cert, served.cert);
  copyFileSync(made(pair).key, served.key);
  copyFileSync(made(ca).ca, served.ca);
}

async function start(...more: string[]): Promise<TestProcess> {
  server = await startProcess('server', ['--listen', '127.0.0.1:0', ...more], redis.url);
  return server;
}

const tls = ['--tls-cert', served.cert, '--tls-key', served.key];

/** The name in the certificate that a new connection is shown; throws where the server refuses the connection. */
function handshake({ address }: TestProcess, client?: KeyPair): Promise<string> {
  const { hostname: host, port } = new URL(`https://${address}`);
  const own = client && { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca: readFileSync(made(authority).ca), ALPNProtocols: ['h2'], ...own });
    // The first bytes of HTTP/2 come once the server has accepted the client's certificate.
    socket.once('data', () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  });
}

function lines({ output }: TestProcess, message: string): Record<string, unknown>[] {
  const found = output()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}`));
  return found.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function reload(process: TestProcess, expected: string, times = 1): Promise<Record<string, unknown>> {
  const before = lines(process, expected).length;
  process.child.kill('SIGHUP');
  await eventually(expected, () => lines(process, expected).length >= before + times);
  return lines(process, expected).at(-1) ?? {};
}

test('SIGHUP gives new connections the new certificate, says when it expires, and leaves open streams alone', async () => {
  install(pairs[0]);
  const running = await start(...tls);
  const broker = new BrokerClient(running.address, credentials.createSsl(readFileSync(made(authority).ca)));
  const stream = broker.submitMany();
  const answers: SubmitManyResponse[] = [];
  stream.on('data', (answer: SubmitManyResponse) => answers.push(answer)).on('error', () => undefined);
  const ask = () => stream.write(SubmitManyRequest.fromPartial({ items: [{ action: { $case: 'submit', value: { model: 'nobody' } } }] }));
  ask();
  await eventually('the stream answers', () => answers.length === 1);
  expect(await handshake(running)).toBe('first');

  install(pairs[1]);
  const { level, expires } = await reload(running, 'certificates reloaded');
  expect([level, Date.parse(String(expires)) > Date.now()]).toEqual([30, true]);
  expect(await handshake(running)).toBe('second');
  ask();
  await eventually('the stream still answers', () => answers.length === 2);
  broker.close();
});

test.each([
  ['no certificate', () => writeFileSync(served.cert, 'nothing'), /TLS cannot be set up/],
  ['a key of another certificate', () => copyFileSync(made(pairs[1]).key, served.key), /TLS cannot be set up/],
  ['no file at all', () => rmSync(served.key), /key file cannot be read/],
  ['authorities that are none', () => writeFileSync(served.ca, 'nothing'), /TLS cannot be set up/],
  ['authorities cut short', () => writeFileSync(served.ca, readFileSync(served.ca).subarray(0, 200)), /TLS cannot be set up/],
])('what cannot be used is logged as an error, and the old files stay in use: %s', async (_what, spoil, reason) => {
  install(pairs[0]);
  const running = await start(...tls, '--tls-ca', served.ca);
  spoil();
  const line = await reload(running, 'certificates not reloaded');
  expect([line.level, line.reason]).toEqual([50, expect.stringMatching(reason)]);
  expect(await handshake(running, pairs[1])).toBe('first');
  install(pairs[1]);
  await reload(running, 'certificates reloaded');
  expect(await handshake(running, pairs[1])).toBe('second');
});

test('SIGHUP replaces the authorities of clients, and of clients only those are accepted', async () => {
  install(pairs[0]);
  const running = await start(...tls, '--tls-ca', served.ca);
  const client = made(another).issue('client', ['client.test']);
  await expect(handshake(running, client)).rejects.toThrow();
  install(pairs[0], another);
  await reload(running, 'certificates reloaded');
  expect(await handshake(running, client)).toBe('first');
  await expect(handshake(running, pairs[1])).rejects.toThrow();
  await expect(handshake(running)).rejects.toThrow();
});

test('all processes behind one address reload', async () => {
  install(pairs[0]);
  const running = await start(...tls, '--processes', '2');
  install(pairs[1]);
  await reload(running, 'certificates reloaded', 2);
  expect(await Promise.all([1, 2, 3, 4].map(() => handshake(running)))).toEqual(['second', 'second', 'second', 'second']);
});

test('a server without TLS has nothing to reload, says so, and goes on', async () => {
  const running = await start();
  expect(await reload(running, 'SIGHUP: nothing to reload')).toMatchObject({ level: 30 });
  expect(await running.stop('SIGTERM')).toBe(0);
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)('a server whose terminal closes ends', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const command = `exec ${process.execPath} cli/bin/inferq.js server --redis ${redis.url} --listen ${address}`;
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let shown = '';
  terminal.stdout.on('data', (data: Buffer) => (shown += data));
  await eventually('the server is ready', () => shown.includes('server ready'));
  const pid = Number(/"pid":(\d+)/.exec(shown)?.[1]);
  terminal.kill('SIGKILL');
  await eventually('it has ended', () => !existsSync(`/proc/${pid}`));
});
