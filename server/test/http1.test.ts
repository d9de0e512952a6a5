import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import { get as getSecurely } from 'node:https';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { type HealthCheckResponse, HealthClient } from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { type Authority, type KeyPair, makeAuthority } from '@inferq/test/support/certificates.ts';
import { reply, startEdge, type TestEdge } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

const sentence = 'This port speaks gRPC over HTTP/2. Use a gRPC client, for example grpcurl; there is no HTTP API here.\n';
let edge: TestEdge | undefined;
let authority: Authority | undefined;
afterEach(async () => {
  expect(edge?.surprises).toEqual([]);
  await edge?.stop();
  authority?.remove();
});

async function start(tls?: KeyPair): Promise<string> {
  edge = await startEdge({}, tls && { tls });
  return edge.server.address;
}

function issued(): { own: KeyPair; ca: Authority } {
  authority = makeAuthority();
  return { own: authority.issue('server', ['127.0.0.1']), ca: authority };
}

async function read(response: IncomingMessage): Promise<[status: number | undefined, type: string | undefined, text: string]> {
  let text = '';
  for await (const data of response) text += data;
  return [response.statusCode, response.headers['content-type'], text];
}

const expected = [400, 'text/plain; charset=utf-8', sentence];

test('a request of HTTP/1.1 is told that the port speaks gRPC', async () => {
  const address = await start();
  const [response] = (await once(get(`http://${address}/`), 'response')) as [IncomingMessage];
  expect(await read(response)).toEqual(expected);
});

test('so is one with a body, while it is sent', async () => {
  const address = await start();
  const post = request(`http://${address}/v1/models`, { method: 'POST' });
  post.on('error', () => undefined);
  post.write(Buffer.alloc(1_000_000));
  const [response] = (await once(post, 'response')) as [IncomingMessage];
  expect(await read(response)).toEqual(expected);
  post.destroy();
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const curl = (...args: string[]) => promisify(execFile)('curl', ['-sS', ...args]).then(({ stdout }) => stdout);

test.skipIf(!hasCurl)('curl shows the sentence', async () => {
  expect(await curl(`http://${await start()}/`)).toBe(sentence);
});

test.each([
  ['offers HTTP/1.1 only', { ALPNProtocols: ['http/1.1'] }],
  ['offers nothing', { ALPNProtocols: [] }],
])('on a TLS port so is a client that %s', async (_what, { ALPNProtocols }) => {
  const { own, ca } = issued();
  const address = await start(own);
  const options = { ca: readFileSync(ca.ca), ALPNProtocols };
  const [response] = (await once(getSecurely(`https://${address}/`, options), 'response')) as [IncomingMessage];
  expect(await read(response)).toEqual(expected);
});

test.skipIf(!hasCurl)('on a TLS port curl shows the sentence too', async () => {
  const { own, ca } = issued();
  expect(await curl('--http1.1', '--cacert', ca.ca, `https://${await start(own)}/`)).toBe(sentence);
});

async function healthOf(address: string, channel: ReturnType<typeof credentials.createSsl>): Promise<HealthCheckResponse> {
  const client = new HealthClient(address, channel);
  try {
    return await reply<HealthCheckResponse>((done) => client.check({ service: '' }, done));
  } finally {
    client.close();
  }
}

test('gRPC is served on both', async () => {
  const { own, ca } = issued();
  const plain = await start();
  expect(await healthOf(plain, credentials.createInsecure())).toBeDefined();
  await edge?.stop();
  expect(await healthOf(await start(own), credentials.createSsl(readFileSync(ca.ca)))).toBeDefined();
});

test.each([
  ['says nothing', ''],
  ['begins with one byte of HTTP/2', 'P'],
])('a client that %s still hears from an HTTP/2 server', async (_what, bytes) => {
  const { hostname, port } = new URL(`http://${await start()}`);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  const [settings] = (await once(socket, 'data')) as [Buffer];
  // The type of its first frame: SETTINGS.
  expect(settings[3]).toBe(4);
  socket.destroy();
});
