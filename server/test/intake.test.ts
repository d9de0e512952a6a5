import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { type Server, type ServerInterceptingCall, status } from '@grpc/grpc-js';
import { granted } from '@inferq/core/refusal.ts';
import { GetResultRequest, SubmitManyRequest, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, SubmitCommand } from '@inferq/server/broker.ts';
import { setUpConnections } from '@inferq/server/grpc/intake/connections.ts';
import { Intake } from '@inferq/server/grpc/intake/intake.ts';
import { receiveWith } from '@inferq/server/grpc/intake/receive.ts';
import { failure, reply, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

const MiB = 1_024 * 1_024;
const open: { edge?: TestEdge; sessions: ClientHttp2Session[] } = { sessions: [] };

afterEach(async () => {
  for (const session of open.sessions.splice(0)) session.destroy();
  if (open.edge !== undefined) expect(open.edge.surprises).toEqual([]);
  await open.edge?.stop();
  delete open.edge;
});

const broker: Partial<Broker> = {
  submit: async () => granted({ taskId: 'x', duplicate: false }),
  getResult: async () => granted(viewOf()),
  submitMany: () => ({
    push: async () => undefined,
    end: () => undefined,
    replies: (async function* () {
      await new Promise(() => undefined);
    })(),
  }),
};

async function start(options: Parameters<typeof startEdge>[1] = {}): Promise<TestEdge> {
  open.edge = await startEdge(broker, options);
  return open.edge;
}

function session({ server }: TestEdge): ClientHttp2Session {
  const made = connect(`http://${server.address}`);
  made.on('error', () => undefined);
  open.sessions.push(made);
  return made;
}

/** A call whose client has sent only so much. */
function call(client: ClientHttp2Session, method: string, bytes: Uint8Array = new Uint8Array(), headers: object = {}): ClientHttp2Stream {
  const path = `/inferq.v1.Broker/${method}`;
  const stream = client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });
  stream.on('error', () => undefined);
  if (bytes.length > 0) stream.write(bytes);
  return stream;
}

/** The status that a call ends with. */
function ending(stream: ClientHttp2Stream): Promise<{ code: number; message: string; retries: boolean }> {
  return new Promise((resolve) => {
    const read = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] === undefined) return;
      const details = Buffer.from(String(headers['grpc-status-details-bin'] ?? ''), 'base64');
      const message = decodeURI(String(headers['grpc-message']));
      resolve({ code: Number(headers['grpc-status']), message, retries: details.includes('RetryInfo') });
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.resume();
  });
}

function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** All but the end of a message. */
const unfinished = (bytes: number) => framed(new Uint8Array(bytes)).subarray(0, bytes);

const works = (edge: TestEdge) => reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x' }), done));

test('connections have a limit of calls, large windows for uploads, and small ones for headers', async () => {
  const client = session(await start());
  const settings = await new Promise<Record<string, unknown>>((resolve) => client.once('remoteSettings', resolve));
  expect(settings).toMatchObject({ maxConcurrentStreams: 1_000, initialWindowSize: MiB, maxHeaderListSize: 32 * 1_024 });
  await expect.poll(() => client.state.remoteWindowSize).toBe(4 * MiB);
});

test('another grpc-js is noticed', () => {
  expect(() => setUpConnections({} as Server)).toThrow('this version of grpc-js');
  const intake = new Intake(MiB);
  expect(() => receiveWith(intake)({} as never, {} as ServerInterceptingCall)).toThrow('this version of grpc-js');
  intake.stop();
});

/** How the first of these calls ends that does. */
const firstEnding = (calls: ClientHttp2Stream[]) => Promise.race(calls.map(ending));

test('unfinished messages of one connection are refused where they would fill it, and leave room when they end', async () => {
  const edge = await start({ maxMessageBytes: MiB });
  const client = session(edge);
  const calls = Array.from({ length: 5 }, () => call(client, 'Submit', unfinished(MiB)));
  const refused = await firstEnding(calls);
  expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, retries: true });
  expect(refused.message).toContain('fill what this connection has room for');
  await works(edge);
  for (const stream of calls) stream.close();
  const bytes = framed(SubmitRequest.encode(large(MiB - 100)).finish());
  const again = () => {
    const stream = call(client, 'Submit', bytes);
    stream.end();
    return ending(stream);
  };
  await expect.poll(again).toMatchObject({ code: status.OK });
});

test('unfinished messages of all connections together have a limit, and those of one that breaks off do not count', async () => {
  const edge = await start({ maxMessageBytes: MiB });
  for (let round = 0; round < 3; round++) {
    const clients = [session(edge), session(edge), session(edge)];
    const calls = clients.flatMap((client) => Array.from({ length: 3 }, () => call(client, 'Submit', unfinished(MiB))));
    const refused = await firstEnding(calls);
    expect(refused.message).toContain('fill what this server has room for');
    for (const client of clients) client.destroy();
  }
  await expect
    .poll(async () => (await failure(reply((done) => edge.broker.submit(large(MiB / 2), done))).catch(() => undefined))?.code)
    .toBe(undefined);
});

const large = (bytes: number) =>
  SubmitRequest.fromPartial({
    model: 'm',
    inputs: [{ name: 'x', datatype: 'UINT8', data: { $case: 'raw', value: new Uint8Array(bytes) } }],
  });

test('large requests whose input is stored hold nothing while they wait for the end of their task', async () => {
  const waiting: SubmitCommand[] = [];
  open.edge = await startEdge(
    {
      submit: async (command) => {
        command.release();
        waiting.push(command);
        return new Promise(() => undefined);
      },
    },
    { maxMessageBytes: MiB },
  );
  const client = session(open.edge);
  for (let count = 0; count < 10; count++) {
    const stream = call(client, 'Submit', framed(SubmitRequest.encode(large(MiB - 100)).finish()));
    stream.end();
    await expect.poll(() => waiting.length).toBe(count + 1);
  }
});

test('large items of a stream count until their input is stored', async () => {
  const stored: (() => void)[] = [];
  open.edge = await startEdge(
    {
      submitMany: () => ({
        push: async (items) => {
          for (const item of items) if (item.action === 'submit') stored.push(() => item.command.release());
        },
        end: () => undefined,
        replies: (async function* () {
          await new Promise(() => undefined);
        })(),
      }),
    },
    { maxMessageBytes: MiB },
  );
  const items = [
    { action: { $case: 'submit' as const, value: large(MiB / 3) } },
    { action: { $case: 'submit' as const, value: large(MiB / 3) } },
  ];
  const message = framed(SubmitManyRequest.encode(SubmitManyRequest.fromPartial({ items })).finish());
  const stream = call(session(open.edge), 'SubmitMany');
  const ended = ending(stream);
  for (let count = 1; count <= 8; count++) {
    stream.write(message);
    await expect.poll(() => stored.length).toBe(2);
    for (const store of stored.splice(0)) store();
  }
  for (let count = 0; count < 6; count++) stream.write(message);
  expect(await ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED, message: expect.stringContaining('this connection') });
});

test('large requests that were answered hold nothing', async () => {
  const edge = await start({ maxMessageBytes: MiB });
  for (let count = 0; count < 30; count++) await reply((done) => edge.broker.submit(large(MiB - 100), done));
});

test.each([
  ['a message that does not end', 'Submit', unfinished(1_000)],
  ['a call without a message', 'GetResult', new Uint8Array()],
  ['a message of a stream that does not end', 'SubmitMany', unfinished(1_000)],
  ['half a prefix', 'SubmitMany', new Uint8Array(3)],
])('%s is refused in time', async (_what, method, bytes) => {
  const edge = await start({ messageMs: 50 });
  const late = await ending(call(session(edge), method, bytes));
  expect(late).toMatchObject({ code: status.DEADLINE_EXCEEDED, message: expect.stringContaining('did not arrive within 0.05 s') });
});

test('a stream between messages, and a call that waits for its answer, may take as long as they like', async () => {
  const edge = await start({ messageMs: 20 });
  const client = session(edge);
  const stream = call(client, 'SubmitMany', framed(new Uint8Array()));
  // The one that does not end is refused after the other could have been.
  for (let count = 0; count < 3; count++) await ending(call(client, 'Submit', unfinished(100)));
  expect(stream.closed).toBe(false);
  await works(edge);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
])('messages packed with %s are unpacked, and no further than a message may be large', async (encoding, pack) => {
  const edge = await start({ maxMessageBytes: MiB });
  const client = session(edge);
  const send = (bytes: Uint8Array) => {
    const stream = call(client, 'Submit', framed(bytes, 1), { 'grpc-encoding': encoding });
    stream.end();
    return ending(stream);
  };
  expect(await send(pack(Buffer.from(SubmitRequest.encode(large(MiB / 2)).finish())))).toMatchObject({ code: status.OK });
  const bomb = await send(pack(new Uint8Array(500 * MiB)));
  expect(bomb).toMatchObject({ code: status.RESOURCE_EXHAUSTED, message: expect.stringContaining(`larger than the ${MiB} bytes`) });
  expect(await send(Buffer.from('not packed'))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: expect.stringContaining(encoding),
  });
  await works(edge);
});

test('an encoding that nobody knows is unimplemented', async () => {
  const stream = call(session(await start()), 'Submit', framed(new Uint8Array(9), 1), { 'grpc-encoding': 'snappy' });
  expect(await ending(stream)).toMatchObject({ code: status.UNIMPLEMENTED });
});

test('a request that submits nothing may have a megabyte', async () => {
  const client = session(await start());
  const tooLarge = await ending(call(client, 'GetResult', framed(new Uint8Array(MiB + 1)).subarray(0, 5)));
  expect(tooLarge).toMatchObject({ code: status.RESOURCE_EXHAUSTED, message: expect.stringContaining('this method accepts') });
});

test('one connection cannot open submit streams without end', async () => {
  const edge = await start();
  const client = session(edge);
  for (let count = 0; count < 100; count++) call(client, 'SubmitMany');
  const more = await ending(call(client, 'SubmitMany'));
  expect(more).toMatchObject({ code: status.RESOURCE_EXHAUSTED, retries: true, message: expect.stringContaining('100 open SubmitMany') });
  await works(edge);
});

test('a thousand calls at once are all answered, and those that are reset at once leave nothing', async () => {
  const edge = await start();
  const client = session(edge);
  await new Promise((resolve) => client.once('remoteSettings', resolve));
  const request = framed(GetResultRequest.encode(GetResultRequest.fromPartial({ taskId: 'x' })).finish());
  const calls = Array.from({ length: 900 }, () => {
    const stream = call(client, 'GetResult', request);
    stream.end();
    return ending(stream);
  });
  for (const { code } of await Promise.all(calls)) expect(code).toBe(status.OK);
  const reset = Array.from({ length: 500 }, () => call(client, 'GetResult', request));
  for (const stream of reset) stream.close(8);
  const after = call(client, 'GetResult', request);
  after.end();
  expect((await ending(after)).code).toBe(status.OK);
});
