import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { BrokerClient, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { Tensor } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './support/stack.ts';

let stack: Stack;
let broker: BrokerClient;

beforeAll(async () => {
  stack = await startStack();
  broker = new BrokerClient(stack.address, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
});
afterAll(async () => {
  broker?.close();
  await stack?.stop();
});

type Partial = Parameters<typeof SubmitRequest.fromPartial>[0];

function submit(request: Partial): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    broker.submit(SubmitRequest.fromPartial(request), (error) => resolve(error ?? undefined));
  });
}

const raw = (floats: number, shape: bigint[] = [1n, 64n], more: object = {}) =>
  Tensor.fromPartial({ name: 'image', datatype: 'FP32', shape, data: { $case: 'raw', value: new Uint8Array(4 * floats) }, ...more });
const good: Partial = { model: 'digits', inputs: [raw(64)], wait: { seconds: 20n } };
const megabytes = 'x'.repeat(10 * 1_024 * 1_024);

const cases: [string, Partial, number, RegExp][] = [
  ['an empty request', {}, status.INVALID_ARGUMENT, /model/],
  ['an unknown model', { ...good, model: 'nope' }, status.NOT_FOUND, /charlm.*digits/],
  ['a name with control characters', { ...good, model: 'a\u0000\u001b[31mb' }, status.INVALID_ARGUMENT, /name/],
  ['a queue name with braces that would change a hash tag', { ...good, queue: '{1}:t' }, status.INVALID_ARGUMENT, /queue/],
  ['a queue that does not exist', { ...good, queue: 'nowhere' }, status.NOT_FOUND, /realtime/],
  ['a model name of 10 MB', { ...good, model: megabytes }, status.INVALID_ARGUMENT, /model/],
  ['an idempotency key of 10 MB', { ...good, idempotencyKey: megabytes }, status.INVALID_ARGUMENT, /idempotency_key.*65536/],
  ['metadata of 10 MB', { ...good, metadata: new Map([['a', megabytes]]) }, status.INVALID_ARGUMENT, /metadata.*65536/],
  ['a message over the limit', { ...good, inputs: [raw(17 * 1_024 * 1_024)] }, status.RESOURCE_EXHAUSTED, /64 MiB|67108864/],
  ['a tensor with too few bytes', { ...good, inputs: [raw(63)] }, status.INVALID_ARGUMENT, /256/],
  ['a tensor of the wrong shape', { ...good, inputs: [raw(65, [1n, 65n])] }, status.INVALID_ARGUMENT, /64/],
  ['a negative dimension', { ...good, inputs: [raw(64, [-1n, -64n])] }, status.INVALID_ARGUMENT, /shape/],
  ['a shape that overflows', { ...good, inputs: [raw(0, [2n ** 62n, 64n])] }, status.INVALID_ARGUMENT, /shape/],
  ['a datatype that is none', { ...good, inputs: [raw(64, [1n, 64n], { datatype: 'FLOAT' })] }, status.INVALID_ARGUMENT, /FP32/],
  ['a tensor without data', { ...good, inputs: [raw(64, [1n, 64n], { data: undefined })] }, status.INVALID_ARGUMENT, /data|raw/],
  ['the same input twice', { ...good, inputs: [raw(64), raw(64)] }, status.INVALID_ARGUMENT, /image/],
  [
    'a parameter that nobody declared',
    { ...good, parameters: new Map([['x', { value: { $case: 'boolParam', value: true } }]]) },
    status.INVALID_ARGUMENT,
    /parameter/,
  ],
  ['a priority below 0', { ...good, priority: -1 }, status.INVALID_ARGUMENT, /priority/],
  ['a negative wait', { ...good, wait: { seconds: -1n } }, status.INVALID_ARGUMENT, /wait/],
  ['no attempts', { ...good, maxAttempts: 0 }, status.INVALID_ARGUMENT, /max_attempts/],
  ['an unknown enum value', { ...good, outputs: { encoding: 99 as 0 } }, status.INVALID_ARGUMENT, /encoding/],
  ['a wait without end', { ...good, wait: { seconds: 2n ** 60n } }, status.INVALID_ARGUMENT, /wait/],
];

test.each(cases)('%s gets its status and a sentence, and the server goes on', async (_name, request, code, sentence) => {
  const error = await submit(request);
  expect(error?.code).toBe(code);
  expect(`${error?.details} ${error?.metadata.get('grpc-status-details-bin')}`).toMatch(sentence);
  expect(error?.details.length).toBeLessThan(1_024);
  expect(await submit(good)).toBeUndefined();
});

test.each([
  ['', status.INVALID_ARGUMENT],
  ['{0}:t:*', status.NOT_FOUND],
  ['\u0000', status.NOT_FOUND],
  [megabytes, status.RESOURCE_EXHAUSTED],
])('the task id %.20j gets an answer, not a crash', async (taskId, code) => {
  const error = await new Promise<ServiceError | null>((resolve) => {
    broker.getResult({ taskId, wait: undefined, outputs: undefined }, (refusal) => resolve(refusal));
  });
  expect(error?.code).toBe(code);
  expect(error?.details.length).toBeLessThan(1_024);
  expect(await submit(good)).toBeUndefined();
});
