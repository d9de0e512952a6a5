import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, credentials, status } from '@grpc/grpc-js';
import { granted } from '@inferq/core/refusal.ts';
import { ListDeadLettersRequest, RedriveDeadLettersRequest } from '@inferq/proto/gen/inferq/v1/admin.ts';
import { GetResultRequest, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { TaskErrorCode } from '@inferq/proto/gen/inferq/v1/task.ts';
import type { TensorEncoding } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { SubmitCommand } from '@inferq/server/broker.ts';
import { decodeMetadata, encodeMetadata } from '@inferq/server/use-cases/metadata.ts';
import { failure, refusal, reply, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';

const limit = 20 * 1_024 * 1_024;
let edge: TestEdge;
let commands: SubmitCommand[];
let raw: Client;

beforeEach(async () => {
  commands = [];
  edge = await startEdge(
    {
      submit: async (command) => {
        commands.push(command);
        return granted({ taskId: 'x', duplicate: false });
      },
      getResult: async (taskId) => (taskId === 'known' ? granted(viewOf()) : refusal('TASK_NOT_FOUND', `no task ${taskId}`)),
      getModel: async (model) => refusal('MODEL_NOT_FOUND', `no model ${model}`),
      listQueues: async () => granted({ items: [], nextToken: '' }),
      submitMany: () => ({
        push: async () => undefined,
        end: () => undefined,
        replies: (async function* () {
          await new Promise(() => undefined);
        })(),
      }),
    },
    { maxMessageBytes: limit },
  );
  raw = new Client(edge.server.address, credentials.createInsecure());
});

afterEach(async () => {
  // Whatever was sent, the server goes on and nothing was a surprise to it.
  await reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'known' }), done));
  expect(edge.surprises).toEqual([]);
  raw.close();
  await edge.stop();
});

function send(path: string, bytes: Buffer): Promise<Buffer> {
  const keep = (value: Buffer): Buffer => value;
  return reply((done) => raw.makeUnaryRequest<Buffer, Buffer>(path, keep, keep, bytes, (error, value) => done(error, value as Buffer)));
}

test.each([
  ['a length beyond the end', Buffer.from([0x0a, 0x7f, 0x41])],
  ['a varint without an end', Buffer.alloc(16, 0xff)],
  ['a nested length beyond the end', Buffer.from([0x1a, 0x03, 0x0a, 0x7f, 0x41])],
  ['a group that never ends', Buffer.from([0x0b, 0x08])],
  ['noise', Buffer.from('not protobuf at all, but a sentence')],
])('malformed bytes are an invalid argument: %s', async (_what, bytes) => {
  const wrong = await failure(send('/inferq.v1.Broker/Submit', bytes));
  expect(wrong).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('is not a message of this method') });
  expect(commands).toEqual([]);
});

test('messages nested without end are an invalid argument', async () => {
  let bytes = Buffer.from([0x0a, 0x00]);
  for (let depth = 0; depth < 40_000; depth++) bytes = bytes.length < 100 ? Buffer.concat([Buffer.from([0x0b]), bytes]) : bytes;
  const wrong = await failure(send('/inferq.v1.Broker/Submit', Buffer.concat([Buffer.alloc(500_000, 0x0b), bytes])));
  expect(wrong.code).toBe(status.INVALID_ARGUMENT);
});

test('malformed bytes end a watch and a stream of submits with the same status', async () => {
  const keep = (value: Buffer): Buffer => value;
  const bad = Buffer.from([0x0a, 0x7f]);
  const watch = raw.makeServerStreamRequest('/inferq.v1.Broker/WatchResult', keep, keep, bad);
  expect(await failure(new Promise((resolve, reject) => watch.on('error', reject).on('end', resolve).resume()))).toMatchObject({
    code: status.INVALID_ARGUMENT,
  });
  const stream = raw.makeBidiStreamRequest('/inferq.v1.Broker/SubmitMany', keep, keep);
  stream.write(bad);
  expect(await failure(new Promise((resolve, reject) => stream.on('error', reject).on('end', resolve).resume()))).toMatchObject({
    code: status.INVALID_ARGUMENT,
  });
});

test('an empty request reaches its use case as one that gives nothing', async () => {
  await send('/inferq.v1.Broker/Submit', Buffer.alloc(0));
  const { encodeInput, release, bytes, ...command } = commands[0] as SubmitCommand;
  expect(command).toEqual({
    model: '',
    version: '',
    inputs: [],
    parameters: new Map(),
    queue: '',
    idempotencyKey: '',
    metadata: new Map(),
    contents: false,
  });
  expect(encodeInput()).toHaveLength(0);
  expect([release(), bytes]).toEqual([undefined, 0]);
});

test('unknown enum numbers are named', async () => {
  const outputs = { encoding: 99 as TensorEncoding };
  const encoding = await failure(reply((done) => edge.broker.submit(SubmitRequest.fromPartial({ outputs }), done)));
  expect(encoding).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('99 is not a tensor encoding') });
  const filter = { codes: [-5 as TaskErrorCode] };
  const code = await failure(reply((done) => edge.admin.listDeadLetters(ListDeadLettersRequest.fromPartial({ filter }), done)));
  expect(code).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('filter.codes[0]: -5') });
});

test('negative numbers are refused where they mean nothing, and left to the use case where that judges them', async () => {
  const admin = await failure(reply((done) => edge.admin.listQueues({ pageSize: -1, pageToken: '' }, done)));
  expect(admin).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('page_size') });
  const all = RedriveDeadLettersRequest.fromPartial({ selection: { $case: 'all', value: true }, limit: -1 });
  expect(await failure(reply((done) => edge.admin.redriveDeadLetters(all, done)))).toMatchObject({ code: status.INVALID_ARGUMENT });
  const nothing = RedriveDeadLettersRequest.fromPartial({ selection: { $case: 'all', value: false } });
  expect(await failure(reply((done) => edge.admin.redriveDeadLetters(nothing, done)))).toMatchObject({
    details: expect.stringContaining('nothing is selected'),
  });
  const negative = { priority: -1, maxAttempts: -2, hardTimeLimit: { seconds: -3n, nanos: -500_000_000 } };
  await reply((done) => edge.broker.submit(SubmitRequest.fromPartial(negative), done));
  expect(commands[0]).toMatchObject({ priority: -1, maxAttempts: -2, hardLimitMs: -3_500 });
});

test.each([
  ['delay', { start: { $case: 'delay' as const, value: { seconds: 1n, nanos: 1_000_000_000 } } }],
  ['delay', { start: { $case: 'delay' as const, value: { seconds: 1n, nanos: -1 } } }],
  ['delay', { start: { $case: 'delay' as const, value: { seconds: 2n ** 62n, nanos: 0 } } }],
  ['start_within', { startLimit: { $case: 'startWithin' as const, value: { seconds: -(2n ** 62n), nanos: 0 } } }],
  ['not_before', { start: { $case: 'notBefore' as const, value: new Date(300_000_000_000_000) } }],
])('times that are none are refused by field: %s %#', async (field, request) => {
  const wrong = await failure(reply((done) => edge.broker.submit(SubmitRequest.fromPartial(request), done)));
  expect(wrong).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining(`${field}: `) });
});

test('a timestamp beyond what a date can hold is refused', async () => {
  // start_deadline (field 11) with seconds = 2^60.
  const bytes = Buffer.from([0x5a, 0x0a, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]);
  const wrong = await failure(send('/inferq.v1.Broker/Submit', bytes));
  expect(wrong).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('start_deadline') });
});

test('parameters and metadata may be named like members of objects', async () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const parameters = new Map(names.map((name) => [name, { value: { $case: 'boolParam' as const, value: true } }]));
  const metadata = new Map(names.map((name) => [name, `of ${name}`]));
  await reply((done) => edge.broker.submit(SubmitRequest.fromPartial({ parameters, metadata }), done));
  expect([...(commands[0] as SubmitCommand).parameters.keys()]).toEqual(names);
  expect(commands[0]?.metadata).toEqual(metadata);
  expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
});

test.each([
  ['x'.repeat(10_000_000), status.RESOURCE_EXHAUSTED],
  ['x'.repeat(1_000_000), status.INVALID_ARGUMENT],
  ['x'.repeat(60_000), status.NOT_FOUND],
  ['{tag}\r\n\u0000\u001b[31m', status.NOT_FOUND],
  ['\ud800'.repeat(1_000), status.NOT_FOUND],
])('names of ten megabytes and names of control characters get a short answer: %.20j', async (taskId, code) => {
  const wrong = await failure(reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId }), done)));
  expect(wrong.code).toBe(code);
  expect(encodeURI(wrong.details).length).toBeLessThan(2_000);
  expect(wrong.details).not.toMatch(/\p{Cc}/u);
});

test('a message over the limit gets a sentence that names the limit, packed or not', async () => {
  const request = SubmitRequest.fromPartial({ model: 'm', queue: 'q'.repeat(limit) });
  const wrong = await failure(reply((done) => edge.broker.submit(request, done)));
  expect(wrong.code).toBe(status.RESOURCE_EXHAUSTED);
  expect(wrong.details).toBe(`the message is larger than the ${limit} bytes that this server accepts: send less, or raise its limit`);
  const stream = edge.broker.submitMany();
  stream.write({ items: [{ correlationId: '', follow: false, endOnly: false, action: { $case: 'submit', value: request } }] });
  const inStream = await failure(new Promise((resolve, reject) => stream.on('error', reject).on('end', resolve).resume()));
  expect(inStream.details).toContain(`${limit} bytes`);
  expect(await sendPacked(gzipSync(Buffer.from(SubmitRequest.encode(request).finish())))).toContain(`${limit}%20bytes`);
});

/** Sends one gzip-packed Submit and returns the message of its status. */
function sendPacked(packed: Buffer): Promise<string> {
  const session = connectHttp2(`http://${edge.server.address}`);
  const headers = { ':method': 'POST', ':path': '/inferq.v1.Broker/Submit', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...headers, 'grpc-encoding': 'gzip' });
  const frame = Buffer.alloc(5);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(packed.length, 1);
  stream.end(Buffer.concat([frame, packed]));
  return new Promise((resolve, reject) => {
    stream.on('response', (answer) => {
      session.close();
      resolve(String(answer['grpc-message']));
    });
    stream.on('error', reject);
  });
}

test('a path that nobody serves is unimplemented, and bytes that are no HTTP/2 do no harm', async () => {
  expect((await failure(send('/inferq.v1.Broker/Nope', Buffer.alloc(0)))).code).toBe(status.UNIMPLEMENTED);
  const [, port] = edge.server.address.split(':');
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end(Buffer.alloc(100_000, 'GET / HTTP/1.1\r\n'));
  await new Promise((resolve) => socket.on('close', resolve).resume());
});

test('a connection that is cut in the midst of a message does no harm', async () => {
  const session = connectHttp2(`http://${edge.server.address}`);
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/inferq.v1.Broker/Submit', 'content-type': 'application/grpc' });
  stream.on('error', () => undefined);
  stream.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  session.destroy();
  expect(commands).toEqual([]);
});
