import { InferqClient } from '@inferq/client/index.ts';
import { limits } from '@inferq/core/limits.ts';
import { granted } from '@inferq/core/refusal.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import { StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { WatchUpdate } from '@inferq/server/broker.ts';
import { encodeMetadata } from '@inferq/server/use-cases/metadata.ts';
import { startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Outputs of exactly the limit: negative numbers, which take ten bytes each in a typed list. */
function largestOutput(): Uint8Array {
  const output = (bytes: number) => {
    const value = new Uint8Array(bytes).fill(0xff);
    return StoredOutput.encode({
      outputs: [{ name: 'y', datatype: 'INT8', shape: [BigInt(bytes)], data: { $case: 'raw', value } }],
      classifications: [],
    }).finish();
  };
  const excess = output(limits.outputBytes).length - limits.outputBytes;
  return output(limits.outputBytes - excess);
}

const error = { code: 'MODEL_ERROR', message: 'm'.repeat(1_000), detail: 'd'.repeat(limits.errorDetailBytes) } as const;
const execution = {
  attempt: 1,
  worker: 'w',
  executor: 'e',
  device: 'cpu',
  batchTasks: 1,
  batchRows: 1,
  queuedMs: 0,
  ranMs: 0,
  startedAt: 1,
  error,
};
/** The largest that comes with outputs. */
const facts: Partial<TaskSnapshot> = {
  state: 'succeeded',
  metadata: encodeMetadata(new Map([['m', 'x'.repeat(limits.metadataBytes - 1)]])),
  earlierExecutions: Array.from({ length: limits.maxAttempts }, () => execution),
};

let edge: TestEdge;
let client: InferqClient;
let bytes: number;

beforeAll(async () => {
  const output = largestOutput();
  expect(output.length).toBe(limits.outputBytes);
  bytes = output.length - 100;
  const view = viewOf({ ...facts, sequence: 9 }, output);
  edge = await startEdge({
    getResult: async () => granted(view),
    submit: async () => granted({ taskId: 'x', duplicate: false, task: view }),
    watch: async () =>
      granted(
        (async function* (): AsyncGenerator<WatchUpdate> {
          yield { kind: 'snapshot', view: viewOf() };
          yield { kind: 'events', events: [{ kind: 'state', time: 1, view }] };
        })(),
      ),
  });
  client = new InferqClient({ server: edge.server.address });
});
afterAll(async () => {
  client?.close();
  await edge?.stop();
});

test.each(['raw', 'contents'] as const)('the largest result can be read with the default limits: %s', async (encoding) => {
  const task = await client.getResult('x', { outputs: { encoding } });
  expect(task.earlierExecutions).toHaveLength(limits.maxAttempts);
  expect(task.outputs.y?.data.length).toBeGreaterThan(bytes);
});

test('a prediction and a watch can bring the largest result too', async () => {
  expect((await client.predict({ model: 'm' })).outputs.y?.data.length).toBeGreaterThan(bytes);
  for await (const event of client.watch('x')) {
    if (event.kind === 'state') expect(event.task.outputs.y?.data.length).toBeGreaterThan(bytes);
  }
});
