import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { granted } from '@inferq/core/refusal.ts';
import {
  type HealthCheckResponse,
  HealthClient,
  type HealthListResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { GetResultRequest, type GetResultResponse, WatchResultRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { CallContext } from '@inferq/server/broker.ts';
import { failure, reply, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

const edges: TestEdge[] = [];
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
});

async function start(...given: Parameters<typeof startEdge>): Promise<TestEdge> {
  const edge = await startEdge(...given);
  edges.push(edge);
  return edge;
}

test('health says serving only once it is set, and its watchers hear every change', async () => {
  const { server } = await start({});
  const client = new HealthClient(server.address, credentials.createInsecure());
  const check = (service: string) => reply<HealthCheckResponse>((done) => client.check({ service }, done));
  expect(await check('')).toEqual({ status: Serving.NOT_SERVING });
  const heard: number[] = [];
  const watch = client.watch({ service: 'inferq.v1.Broker' });
  watch.on('data', (message: HealthCheckResponse) => heard.push(message.status));
  await expect.poll(() => heard).toEqual([Serving.NOT_SERVING]);
  server.health.set(true);
  for (const service of ['', 'inferq.v1.Broker', 'inferq.v1.Admin']) expect(await check(service)).toEqual({ status: Serving.SERVING });
  server.health.set(true);
  server.health.set(false);
  await expect.poll(() => heard).toEqual([Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]);
  const { statuses } = await reply<HealthListResponse>((done) => client.list({}, done));
  expect([...statuses.keys()]).toEqual(['', 'inferq.v1.Broker', 'inferq.v1.Admin']);
  expect(await failure(check('nope'))).toMatchObject({ code: status.NOT_FOUND });
  const unknown = client.watch({ service: 'nope' });
  const first = await new Promise<HealthCheckResponse>((resolve) => unknown.once('data', resolve));
  expect(first.status).toBe(Serving.SERVICE_UNKNOWN);
  for (const stream of [watch, unknown]) stream.on('error', () => undefined).cancel();
  client.close();
});

test.each(['v1', 'v1alpha'])('reflection %s gives a client all it needs to call a method, and nothing of the storage', async (version) => {
  const edge = await start({ getResult: async (taskId) => granted(viewOf({ id: taskId })) });
  const call = reflectionCall(edge.server.address, version);
  const services = await call({ listServices: '*' });
  expect(services.listServicesResponse.service.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['inferq.v1.Broker', 'inferq.v1.Admin', 'grpc.health.v1.Health']),
  );
  const found = await call({ fileContainingSymbol: 'inferq.v1.Broker' });
  const files: Buffer[] = found.fileDescriptorResponse.fileDescriptorProto;
  expect(files.some((file) => file.includes('StoredInput'))).toBe(false);
  expect((await call({ fileByFilename: 'inferq/storage/v1/storage.proto' })).errorResponse.errorCode).toBe(status.NOT_FOUND);
  const set = Buffer.concat(files.map((file) => Buffer.concat([Buffer.from([0x0a]), varint(file.length), file])));
  // biome-ignore lint/suspicious/noExplicitAny: made at run time, from nothing but what reflection said.
  const dynamic = loadPackageDefinition(loadFileDescriptorSetFromBuffer(set)) as any;
  const client = new dynamic.inferq.v1.Broker(edge.server.address, credentials.createInsecure());
  const { task } = await reply<{ task: { id: string } }>((done) => client.GetResult({ task_id: 'by-reflection' }, done));
  expect(task.id).toBe('by-reflection');
  client.close();
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a dynamic client.
function reflectionCall(address: string, version: string): (request: object) => Promise<any> {
  const proto = import.meta
    .resolve('@grpc/reflection')
    .replace('file://', '')
    .replace(/build\/src\/index\.js$/, `build/proto/grpc/reflection/${version}/reflection.proto`);
  // biome-ignore lint/suspicious/noExplicitAny: a dynamic client.
  const loaded = loadPackageDefinition(loadSync(proto)) as any;
  const client = new loaded.grpc.reflection[version].ServerReflection(address, credentials.createInsecure());
  return (request) =>
    new Promise((resolve, reject) => {
      const stream = client.ServerReflectionInfo();
      stream.on('data', resolve).on('error', reject);
      stream.write(request);
      stream.end();
    });
}

test.each([
  ['no port', 'localhost', /use HOST:PORT/],
  ['no host', ':50051', /use HOST:PORT/],
  ['a port that does not exist', '127.0.0.1:70000', /use HOST:PORT/],
  ['an address of another machine', '192.0.2.1:0', /no such address/],
])('an address that cannot be listened on is refused with a sentence: %s', async (_what, listen, sentence) => {
  await expect(startEdge({}, { listen })).rejects.toThrow(sentence);
});

test('a busy port is refused with a sentence', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(startEdge({}, { listen: `127.0.0.1:${port}` })).rejects.toThrow(/port is in use/);
  await new Promise((resolve) => other.close(resolve));
});

test('files that are no certificate are refused with a sentence', async () => {
  await expect(startEdge({}, { tls: { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' } })).rejects.toThrow(/cannot be read/);
  const file = import.meta.filename;
  await expect(startEdge({}, { tls: { cert: file, key: file } })).rejects.toThrow(/TLS cannot be set up/);
});

const openssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!openssl)('TLS clients are served, and with client authorities only those that show a certificate', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-tls-'));
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject]);
    const [ca, own] = [readFileSync(cert), readFileSync(key)];
    const check = async (address: string, channel: ReturnType<typeof credentials.createSsl>) => {
      const client = new HealthClient(address, channel);
      try {
        return await reply<HealthCheckResponse>((done) => client.check({ service: '' }, done));
      } finally {
        client.close();
      }
    };
    const open = await start({}, { tls: { cert, key } });
    expect(await check(open.server.address, credentials.createSsl(ca))).toEqual({ status: Serving.NOT_SERVING });
    const closed = await start({}, { tls: { cert, key, clientCa: cert } });
    expect(await check(closed.server.address, credentials.createSsl(ca, own, ca))).toEqual({ status: Serving.NOT_SERVING });
    expect((await failure(check(closed.server.address, credentials.createSsl(ca)))).code).toBe(status.UNAVAILABLE);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a stop ends streams as unavailable without firing their signals, lets calls finish, and refuses new ones', async () => {
  let watching: CallContext | undefined;
  let finish = (): void => undefined;
  const edge = await start({
    watch: async (_id, _options, call) => {
      watching = call;
      return granted(
        (async function* () {
          yield { kind: 'snapshot' as const, view: viewOf() };
          await new Promise(() => undefined);
        })(),
      );
    },
    getResult: () =>
      new Promise((resolve) => {
        finish = () => resolve(granted(viewOf({ id: 'finished' })));
      }),
  });
  const health = new HealthClient(edge.server.address, credentials.createInsecure());
  const heard: number[] = [];
  const healthWatch = health.watch({ service: '' }).on('data', (message: HealthCheckResponse) => heard.push(message.status));
  const healthEnd = failure(new Promise((resolve, reject) => healthWatch.on('error', reject).on('end', resolve)));
  edge.server.health.set(true);
  await expect.poll(() => heard.at(-1)).toBe(Serving.SERVING);
  const watch = edge.broker.watchResult(WatchResultRequest.fromPartial({ taskId: 'x' }));
  await new Promise((resolve) => watch.once('data', resolve));
  const watchEnd = failure(new Promise((resolve, reject) => watch.on('error', reject).on('end', resolve).resume()));
  const call = reply<GetResultResponse>((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x' }), done));
  const before = finish;
  await expect.poll(() => finish !== before).toBe(true);
  const stopped = edge.server.stop(10_000);
  expect((await watchEnd).code).toBe(status.UNAVAILABLE);
  expect((await healthEnd).code).toBe(status.UNAVAILABLE);
  expect(heard.at(-1)).toBe(Serving.NOT_SERVING);
  const late = new Client(edge.server.address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const keep = (value: Buffer): Buffer => value;
  const refused = await failure(
    reply<Buffer>((done) => late.makeUnaryRequest('/x/Y', keep, keep, Buffer.alloc(0), (error, value) => done(error, value as Buffer))),
  );
  expect(refused.code).toBe(status.UNAVAILABLE);
  finish();
  expect((await call).task?.id).toBe('finished');
  await stopped;
  expect(watching?.signal.aborted).toBe(false);
  health.close();
  late.close();
});

test('a stop answers calls that do not finish, and cuts clients that do not let go', async () => {
  let signal: AbortSignal | undefined;
  const edge = await start({
    getResult: (_id, _options, call) => {
      signal = call.signal;
      return new Promise(() => undefined);
    },
  });
  const call = failure(reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x' }), done)));
  await expect.poll(() => signal).toBeDefined();
  const session = connectHttp2(`http://${edge.server.address}`);
  session.on('error', () => undefined);
  const open = session.request({ ':method': 'POST', ':path': '/inferq.v1.Broker/Submit', 'content-type': 'application/grpc' });
  open.on('error', () => undefined);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const cut = new Promise((resolve) => session.once('close', resolve));
  await edge.server.stop(400);
  expect(await call).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('shutting down') });
  await cut;
  expect(signal?.aborted).toBe(false);
});
