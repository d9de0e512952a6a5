/** No request, whatever its bytes, keeps a server from its other calls. */

import { StoredInput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { startWatchedServer, worstLoopDelay } from '@inferq/test/support/load.ts';
import { startRedis } from '@inferq/test/support/redis.ts';
import type { Limit } from './limit.ts';
import { connectWire } from './wire.ts';

const broker = '/inferq.v1.Broker';

interface Message {
  method: string;
  bytes: Uint8Array;
}

/** So many bytes, of copies of a few. */
function copies(bytes: number, ...field: number[]): Uint8Array {
  return Buffer.alloc(bytes, Buffer.from(field));
}

/** A Submit, with an idempotency key, of one tensor with this data: a model that does not exist is found out last. */
function submit(datatype: string, elements: number, data: { $case: 'raw' | 'contents'; value: Uint8Array }): Message {
  const envelope = SubmitRequest.encode(SubmitRequest.fromPartial({ model: 'none', idempotencyKey: 'k' })).finish();
  const input = StoredInput.encode({ inputs: [{ name: 'x', datatype, shape: [BigInt(elements)], data }], parameters: new Map() }).finish();
  return { method: 'Submit', bytes: Buffer.concat([envelope, input]) };
}

/** A packed list of a TensorContents. */
function packed(field: number, bytes: number, value: number): { $case: 'contents'; value: Uint8Array } {
  const list = new Uint8Array(bytes).fill(value);
  const head = [(field << 3) | 2];
  for (let length = bytes; length > 0; length = Math.floor(length / 128)) head.push(length < 128 ? length : (length % 128) | 128);
  return { $case: 'contents', value: Buffer.concat([Buffer.from(head), list]) };
}

/** Hostile messages, and valid ones, of about so many bytes. */
function messagesOf(bytes: number): Message[] {
  return [
    { method: 'SubmitMany', bytes: copies(bytes, 0x0a, 0x00) },
    { method: 'Submit', bytes: copies(bytes, 0x1a, 0x00) },
    { method: 'Submit', bytes: copies(bytes, 0xf8, 0x3e, 0x01) },
    { method: 'Submit', bytes: copies(bytes, 0x0b) },
    { method: 'GetResult', bytes: copies(Math.min(bytes, 1_000_000), 0x0a, 0x00) },
    submit('BOOL', bytes, packed(1, bytes, 1)),
    submit('INT64', bytes, packed(3, bytes, 1)),
    submit('FP32', bytes / 4, packed(6, bytes, 0)),
    submit('BYTES', bytes / 2, { $case: 'contents', value: copies(bytes, 0x42, 0x00) }),
    submit('BYTES', bytes / 4, { $case: 'raw', value: new Uint8Array(bytes) }),
    submit('UINT8', bytes, { $case: 'raw', value: new Uint8Array(bytes) }),
  ];
}

export const hostileMessages: Limit = {
  name: 'hostile-messages',
  about: "the longest that a server's event loop is kept by any of eleven messages of up to 60 MiB, hostile or valid",
  unit: 'ms',
  atMost: 100,
  async start({ quick }) {
    const redis = await startRedis();
    const server = await startWatchedServer(['--listen', '127.0.0.1:0', '--log-level', 'warn'], redis.url);
    const wire = connectWire(server.address);
    const messages = messagesOf(quick ? 64_000 : 60 * 1_024 * 1_024);
    return {
      async once() {
        let worst = 0;
        for (const { method, bytes } of messages) {
          await worstLoopDelay(server);
          const { code, details } = await wire.call(`${broker}/${method}`, [bytes]);
          if (code === 0 || code === 13) throw new Error(`${method} of ${bytes.length} bytes ended with ${code}: ${details}`);
          worst = Math.max(worst, await worstLoopDelay(server));
        }
        return worst;
      },
      async stop() {
        wire.close();
        await server.stop('SIGKILL');
        await redis.stop();
      },
    };
  },
};
