/** A client that sends any bytes to any method and behaves as it is told. */

import { Client, credentials, type StatusObject } from '@grpc/grpc-js';
import { type Call, streams } from './calls.ts';

/** A call with one reply must be answered in time, on a busy machine too; a stream may follow a task for longer than anybody waits. */
const deadlineMs = { single: 20_000, stream: 1_000 };
/** How long a client stays that neither half-closes nor leaves. */
const stayMs = 150;
const leaveMs = 20;

/** How a call went. */
export interface Exchange {
  call: Call;
  replies: Buffer[];
  status: StatusObject;
}

const same = (bytes: Buffer): Buffer => bytes;

export class Wire {
  readonly #client: Client;

  /** Connects to HOST:PORT. */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Makes the call; resolves when it has ended, whatever its status. */
  send(call: Call): Promise<Exchange> {
    const deadline = Date.now() + (call.ending === 'stay' ? stayMs : deadlineMs[streams(call) ? 'stream' : 'single']);
    return new Promise((resolve) => {
      const stream = this.#client.makeBidiStreamRequest<Buffer, Buffer>(call.path, same, same, { deadline });
      const replies: Buffer[] = [];
      stream.on('data', (reply: Buffer) => replies.push(reply));
      stream.on('error', () => undefined);
      stream.on('status', (status: StatusObject) => resolve({ call, replies, status }));
      for (const message of call.messages) stream.write(Buffer.from(message));
      if (call.ending !== 'stay') stream.end();
      if (call.ending === 'leave') setTimeout(() => stream.cancel(), leaveMs);
    });
  }

  close(): void {
    this.#client.close();
  }
}
