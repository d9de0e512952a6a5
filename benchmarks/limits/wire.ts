/** A client that sends any bytes to any method: what our own client would never send, too. */

import { Client, credentials, type StatusObject } from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;

export interface Wire {
  /** Makes a call of these messages; resolves to its status. Replies are thrown away. */
  call(method: string, messages: readonly Uint8Array[]): Promise<StatusObject>;
  close(): void;
}

/** Connects to HOST:PORT. */
export function connectWire(address: string): Wire {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    call(method, messages) {
      const stream = client.makeBidiStreamRequest<Uint8Array, Buffer>(method, (bytes) => Buffer.from(bytes), same);
      stream.resume();
      stream.on('error', () => undefined);
      for (const message of messages) stream.write(message);
      stream.end();
      return new Promise((resolve) => stream.on('status', resolve));
    },
    close: () => client.close(),
  };
}
