/** A Broker on a real socket whose answers each test scripts, behind a proxy that can cut connections. */

import { connect, createServer, type Socket } from 'node:net';
import { Metadata, Server, ServerCredentials, type ServiceError, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Any } from '../../proto/gen/google/protobuf/any.ts';
import { Status } from '../../proto/gen/google/rpc/status.ts';
import { AdminService } from '../../proto/gen/inferq/v1/admin.ts';
import { BrokerService } from '../../proto/gen/inferq/v1/broker.ts';
import { Task, TaskState } from '../../proto/gen/inferq/v1/task.ts';
import { InferqClient } from '../client.ts';
import { defaultInternals, type Internals } from '../connection.ts';
import type { ClientOptions } from '../options.ts';

export interface FakeBroker {
  server: string;
  client(options?: ClientOptions, internals?: Partial<Internals>): InferqClient;
  /** Destroys every connection; new ones are taken. */
  cut(): void;
  /** Destroys every connection and takes no new ones, until it is called with false. */
  refuse(on: boolean): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a broker with some methods; the others are UNIMPLEMENTED. */
export async function fakeBroker(methods: UntypedServiceImplementation): Promise<FakeBroker> {
  const broker = new Server({ 'grpc.max_receive_message_length': -1 });
  broker.addService(BrokerService, methods);
  broker.addService(AdminService, methods);
  const port = await new Promise<number>((resolve, reject) => {
    broker.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });

  const sockets = new Set<Socket>();
  let refusing = false;
  const proxy = createServer((inside) => {
    if (refusing) return void inside.destroy();
    const outside = connect(port, '127.0.0.1');
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        inside.destroy();
        outside.destroy();
      });
    }
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const server = `127.0.0.1:${(proxy.address() as { port: number }).port}`;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const clients: InferqClient[] = [];
  return {
    server,
    client(options = {}, internals = {}) {
      const retry = { initialDelayMs: 5, maxDelayMs: 50, ...options.retry };
      const client = new InferqClient({ server, ...options, retry }, { ...defaultInternals, ...internals });
      clients.push(client);
      return client;
    },
    cut,
    refuse(on) {
      refusing = on;
      if (on) cut();
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      proxy.close();
      cut();
      broker.forceShutdown();
    },
  };
}

/** A task message in a state. */
export function taskMessage(state: keyof typeof TaskState, more: Parameters<typeof Task.create>[0] = {}): Task {
  return Task.create({ id: 't1', state: TaskState[state], ...more });
}

/** What a handler answers to fail, with google.rpc details in its trailers. */
export function failure(code: number, message: string, details: { typeUrl: string; value: Uint8Array }[] = []): Partial<ServiceError> {
  const metadata = new Metadata();
  const status = Status.create({ code, message, details: details.map((detail) => Any.create(detail)) });
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(status).finish()));
  return { code, details: message, metadata };
}

/** Everything an iterable yields. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
