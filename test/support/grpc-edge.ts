/** The gRPC edge over a broker of the test's own making, on a free port. */

import { randomUUID } from 'node:crypto';
import type { ServiceError, StatusObject } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import type { Refusal } from '@inferq/core/refusal.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import { AdminClient } from '@inferq/proto/gen/inferq/v1/admin.ts';
import { BrokerClient } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, KnownModelView, TaskView } from '@inferq/server/broker.ts';
import type { GrpcOptions, GrpcServer } from '@inferq/server/grpc/server.ts';
import { startGrpc } from '@inferq/server/grpc/server.ts';

export interface TestEdge {
  server: GrpcServer;
  broker: BrokerClient;
  admin: AdminClient;
  /** What the edge reported as surprises. */
  surprises: { method: string; error: unknown; id: string }[];
  stop(): Promise<void>;
}

/** Starts the edge; methods that `broker` lacks throw. */
export async function startEdge(broker: Partial<Broker>, options: Partial<GrpcOptions> = {}): Promise<TestEdge> {
  const surprises: TestEdge['surprises'] = [];
  const server = await startGrpc(
    broker as Broker,
    { listen: '127.0.0.1:0', maxMessageBytes: 64 * 1_024 * 1_024, ...options },
    (method, error) => {
      const id = randomUUID();
      surprises.push({ method, error, id });
      return id;
    },
  );
  const channel = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
  const clients = {
    broker: new BrokerClient(server.address, credentials.createInsecure(), channel),
    admin: new AdminClient(server.address, credentials.createInsecure(), channel),
  };
  return {
    server,
    ...clients,
    surprises,
    stop: async () => {
      clients.broker.close();
      clients.admin.close();
      await server.stop(200);
    },
  };
}

/** A unary call as a promise; `call` gets the callback. */
export function reply<T>(call: (callback: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** The status of a call that must fail. */
export async function failure(promise: Promise<unknown>): Promise<StatusObject> {
  try {
    await promise;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('the call succeeded');
}

/** A task that was just queued, with some fields changed. */
export function snapshotOf(changes: Partial<TaskSnapshot> = {}): TaskSnapshot {
  return {
    id: '01h00000000000000000000000',
    state: 'queued',
    model: 'digits',
    version: '1',
    queue: 'default',
    priority: 5,
    attempt: 0,
    chargedAttempts: 0,
    maxAttempts: 3,
    sequence: 1,
    cancelRequested: false,
    partial: false,
    ignoreResult: false,
    contents: false,
    submittedAt: 1_700_000_000_000,
    earlierExecutions: [],
    chunks: 0,
    lastChunkSequence: 0,
    outputBytes: 0,
    ...changes,
  };
}

export function viewOf(changes: Partial<TaskSnapshot> = {}, output?: Uint8Array): TaskView {
  return { snapshot: snapshotOf(changes), ...(output === undefined ? {} : { output }) };
}

/** A model with one input and two outputs. */
export const digits: KnownModelView = {
  ...{ name: 'digits', version: '1', failures: [] },
  liveExecutors: 2,
  spec: {
    name: 'digits',
    version: '1',
    digest: 'abc',
    kind: 'onnx',
    description: '',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 64], optional: false }],
    outputs: [
      { name: 'logits', datatype: 'FP32', shape: [-1, 10], optional: false },
      { name: 'label', datatype: 'BYTES', shape: [-1], optional: false },
    ],
    parameters: [{ name: 'seed', type: 'int64', default: 7, description: 'where to start' }],
    queue: 'default',
    maxBatchSize: 32,
    maxRows: 10_000,
    retry: { maxAttempts: 3, delayMs: 5_000, factor: 2, maxDelayMs: 300_000 },
    hardLimitMs: 300_000,
    resultTtlMs: 3_600_000,
    ignoreResult: false,
  },
};

export function refusal(reason: Refusal['reason'], message: string, more: Partial<Refusal> = {}): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, message, violations: [], ...more } };
}
