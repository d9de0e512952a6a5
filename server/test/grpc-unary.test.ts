import { setTimeout as delay } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { granted, refusalReasons } from '@inferq/core/refusal.ts';
import { BadRequest, ErrorInfo, RetryInfo } from '@inferq/proto/gen/google/rpc/error_details.ts';
import { Status } from '@inferq/proto/gen/google/rpc/status.ts';
import { StoredInput, StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import {
  type GetInputResponse,
  GetResultRequest,
  type GetResultResponse,
  SubmitRequest,
  type SubmitResponse,
} from '@inferq/proto/gen/inferq/v1/broker.ts';
import { TaskErrorCode, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { TensorContents, TensorEncoding } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { Broker, SubmitCommand } from '@inferq/server/broker.ts';
import { digits, failure, refusal, reply, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

let edge: TestEdge;
afterEach(() => edge.stop());

async function start(broker: Partial<Broker>, options?: Parameters<typeof startEdge>[1]): Promise<TestEdge> {
  edge = await startEdge(broker, options);
  return edge;
}

function contentsOf(lists: Partial<TensorContents>): Uint8Array {
  return TensorContents.encode(TensorContents.create(lists)).finish();
}

const logits = new Uint8Array(new Float32Array([0.5, -1]).buffer);
const stored = StoredOutput.encode({
  outputs: [
    { name: 'logits', datatype: 'FP32', shape: [1n, 2n], data: { $case: 'raw', value: logits } },
    { name: 'label', datatype: 'BYTES', shape: [1n], data: { $case: 'raw', value: new Uint8Array([1, 0, 0, 0, 55]) } },
  ],
  classifications: [{ classes: [{ index: 7, label: 'seven', score: 0.5 }] }],
}).finish();

function details(metadata: Metadata) {
  const bytes = metadata.get('grpc-status-details-bin')[0] as Buffer;
  const decoded = Status.decode(bytes);
  const find = (name: string) => decoded.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`)?.value;
  return { bytes, status: decoded, find };
}

test('Submit hands everything that it was given to the use case and converts its answer', async () => {
  let seen: { command: SubmitCommand; options: unknown; deadline: number } | undefined;
  await start({
    submit: async (command, options, call) => {
      seen = { command, options, deadline: call.deadline };
      return granted({ taskId: 'abc', duplicate: true, task: viewOf({ state: 'succeeded' }, stored) });
    },
  });
  const request = SubmitRequest.fromPartial({
    model: 'digits',
    version: '2',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1n, 2n], data: { $case: 'raw', value: logits } }],
    parameters: new Map([
      ['seed', { value: { $case: 'int64Param', value: 9n } }],
      ['valueOf', { value: { $case: 'boolParam', value: true } }],
    ]),
    queue: 'batch',
    priority: 0,
    idempotencyKey: 'key',
    start: { $case: 'delay', value: { seconds: 2n, nanos: 1 } },
    startLimit: { $case: 'startDeadline', value: new Date(1_800_000_000_123) },
    softTimeLimit: { seconds: 1n, nanos: 500_000_000 },
    hardTimeLimit: { seconds: -1n, nanos: 0 },
    maxAttempts: 1,
    resultTtl: { seconds: 60n, nanos: 0 },
    ignoreResult: false,
    keepInput: true,
    metadata: new Map([['who', 'me']]),
    wait: { seconds: 3n, nanos: 0 },
    bindToCall: true,
  });
  const deadline = Date.now() + 5_000;
  const response = await reply<SubmitResponse>((done) => edge.broker.submit(request, new Metadata(), { deadline }, done));
  const { command } = seen as NonNullable<typeof seen>;
  const { encodeInput, release, bytes, inputs, parameters, ...plain } = command;
  expect(plain).toEqual({
    model: 'digits',
    version: '2',
    queue: 'batch',
    priority: 0,
    idempotencyKey: 'key',
    delayMs: 2_001,
    startDeadline: 1_800_000_000_123,
    softLimitMs: 1_500,
    hardLimitMs: -1_000,
    maxAttempts: 1,
    resultTtlMs: 60_000,
    ignoreResult: false,
    keepInput: true,
    metadata: new Map([['who', 'me']]),
    contents: false,
  });
  expect(parameters.get('seed')).toEqual({ $case: 'int64Param', value: 9n });
  expect([...parameters.keys()]).toEqual(['seed', 'valueOf']);
  expect(inputs[0]?.data).toEqual({ $case: 'raw', value: Buffer.from(logits) });
  expect(bytes).toBe(SubmitRequest.encode(request).finish().length);
  const input = StoredInput.decode(encodeInput());
  expect(Buffer.from(StoredInput.encode(input).finish())).toEqual(
    Buffer.from(SubmitRequest.encode(SubmitRequest.fromPartial({ inputs: request.inputs, parameters: request.parameters })).finish()),
  );
  release();
  expect(inputs).toEqual([]);
  expect(seen?.options).toEqual({ waitMs: 3_000, bindToCall: true, outputs: true });
  expect(Math.abs((seen?.deadline ?? 0) - deadline)).toBeLessThan(1_000);
  expect(response).toMatchObject({ taskId: 'abc', duplicate: true, task: { state: TaskState.SUCCEEDED } });
  expect(response.task?.classifications[0]?.classes[0]?.label).toBe('seven');
});

test('a call without a deadline has none', async () => {
  let deadline = 0;
  await start({
    submit: async (_command, _options, call) => {
      deadline = call.deadline;
      return granted({ taskId: 'abc', duplicate: false });
    },
  });
  const response = await reply<SubmitResponse>((done) => edge.broker.submit(SubmitRequest.fromPartial({}), done));
  expect(deadline).toBe(Number.POSITIVE_INFINITY);
  expect(response.task).toBeUndefined();
});

test('a task comes back with all that its snapshot holds', async () => {
  const execution = {
    attempt: 1,
    worker: 'w',
    executor: 'e',
    device: 'cpu',
    batchTasks: 2,
    batchRows: 3,
    queuedMs: 1_500,
    ranMs: 20,
    startedAt: 1_700_000_001_000,
  };
  const error = { code: 'MODEL_ERROR' as const, message: 'no', detail: 'stack' };
  await start({
    getResult: async () =>
      granted(
        viewOf({
          state: 'failed',
          sequence: 2 ** 40,
          notBefore: 5,
          startDeadline: 6,
          startedAt: 7,
          endedAt: 8,
          resultExpiresAt: 9,
          redrivenFrom: 'old',
          redrivenTo: 'new',
          progress: { fraction: 0, message: 'on' },
          error,
          execution: { ...execution, endedAt: 1_700_000_001_020 },
          earlierExecutions: [{ ...execution, error }],
          metadata: new TextEncoder().encode('{"who":"me"}'),
        }),
      ),
  });
  const { task } = await reply<GetResultResponse>((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x' }), done));
  expect(task).toMatchObject({
    state: TaskState.FAILED,
    sequence: 2n ** 40n,
    notBefore: new Date(5),
    startDeadline: new Date(6),
    startTime: new Date(7),
    endTime: new Date(8),
    resultExpireTime: new Date(9),
    redrivenFrom: 'old',
    redrivenTo: 'new',
    progress: { fraction: 0, message: 'on' },
    error: { code: TaskErrorCode.MODEL_ERROR, message: 'no', detail: 'stack' },
    execution: {
      queued: { seconds: 1n, nanos: 500_000_000 },
      ran: { seconds: 0n, nanos: 20_000_000 },
      endTime: new Date(1_700_000_001_020),
    },
    metadata: new Map([['who', 'me']]),
  });
  expect(task?.earlierExecutions[0]).toMatchObject({ batchRows: 3, error: { code: TaskErrorCode.MODEL_ERROR }, endTime: undefined });
});

test('outputs come in the form the inputs had, unless another is asked for, and only those that are selected', async () => {
  let contents = false;
  let asked: unknown;
  await start({
    getModel: async () => granted(digits),
    getResult: async (_id, options) => {
      asked = options;
      return granted(viewOf({ state: 'succeeded', contents }, options.outputs ? stored : undefined));
    },
  });
  const outputs = async (options?: { names?: string[]; encoding?: TensorEncoding; omit?: boolean }) => {
    const request = GetResultRequest.fromPartial({ taskId: 'x', ...(options === undefined ? {} : { outputs: options }) });
    const { task } = await reply<GetResultResponse>((done) => edge.broker.getResult(request, done));
    return task;
  };
  expect((await outputs())?.outputs[0]?.data).toEqual({ $case: 'raw', value: Buffer.from(logits) });
  const asContents = (await outputs({ encoding: TensorEncoding.CONTENTS }))?.outputs;
  expect(asContents?.[0]?.data).toMatchObject({ $case: 'contents', value: { fp32Contents: [0.5, -1] } });
  expect(asContents?.[1]?.data).toMatchObject({ $case: 'contents', value: { stringContents: ['7'] } });
  contents = true;
  expect((await outputs())?.outputs[0]?.data?.$case).toBe('contents');
  expect((await outputs({ encoding: TensorEncoding.RAW }))?.outputs[0]?.data?.$case).toBe('raw');
  expect((await outputs({ names: ['label'] }))?.outputs.map(({ name }) => name)).toEqual(['label']);
  expect(asked).toEqual({ outputs: true });
  expect(await outputs({ omit: true })).toMatchObject({ outputs: [], classifications: [] });
  expect(asked).toEqual({ outputs: false });
});

test('an input comes back in the form it was submitted in, unless another is asked for', async () => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [2n], data: { $case: 'raw' as const, value: Buffer.from(logits) } }];
  const texts = [
    { name: 'prompt', datatype: 'BYTES', shape: [1n], data: { $case: 'contents' as const, value: contentsOf({ stringContents: ['hi'] }) } },
  ];
  const parameters = new Map([['seed', { value: { $case: 'int64Param' as const, value: 9n } }]]);
  let given: Parameters<typeof StoredInput.fromPartial>[0] = { inputs, parameters };
  await start({ getInput: async () => granted(StoredInput.encode(StoredInput.fromPartial(given)).finish()) });
  const input = async (encoding: TensorEncoding) =>
    reply<GetInputResponse>((done) => edge.broker.getInput({ taskId: 'x', encoding }, done));
  expect(await input(TensorEncoding.UNSPECIFIED)).toMatchObject({ inputs, parameters });
  expect((await input(TensorEncoding.CONTENTS)).inputs[0]?.data).toMatchObject({ value: { fp32Contents: [0.5, -1] } });
  given = { inputs: texts };
  expect((await input(TensorEncoding.UNSPECIFIED)).inputs[0]?.data).toMatchObject({ value: { stringContents: ['hi'] } });
  expect((await input(TensorEncoding.RAW)).inputs[0]?.data).toEqual({ $case: 'raw', value: Buffer.from('\x02\0\0\0hi') });
  expect(await failure(input(7 as TensorEncoding))).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('names of outputs that the model does not have are refused before anything is submitted', async () => {
  let submitted = 0;
  await start({
    getModel: async () => granted(digits),
    getResult: async () => granted(viewOf()),
    submit: async () => {
      submitted += 1;
      return granted({ taskId: 'x', duplicate: false });
    },
  });
  const outputs = { names: ['logits', 'nope'] };
  const wrong = await failure(reply((done) => edge.broker.submit(SubmitRequest.fromPartial({ model: 'digits', outputs }), done)));
  expect(wrong).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('it has logits, label') });
  expect(submitted).toBe(0);
  const late = await failure(reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x', outputs }), done)));
  expect(late.code).toBe(status.INVALID_ARGUMENT);
});

test('every reason has its status, and the details name it', async () => {
  const expected: Record<string, status> = {
    INVALID_REQUEST: status.INVALID_ARGUMENT,
    MODEL_NOT_FOUND: status.NOT_FOUND,
    MODEL_FAILED: status.FAILED_PRECONDITION,
    QUEUE_NOT_FOUND: status.NOT_FOUND,
    TASK_NOT_FOUND: status.NOT_FOUND,
    RESULT_EXPIRED: status.NOT_FOUND,
    INPUT_GONE: status.NOT_FOUND,
    NOT_A_DEAD_LETTER: status.FAILED_PRECONDITION,
    IDEMPOTENCY_CONFLICT: status.ALREADY_EXISTS,
    HISTORY_GONE: status.OUT_OF_RANGE,
    QUEUE_FULL: status.RESOURCE_EXHAUSTED,
    RESULTS_FULL: status.RESOURCE_EXHAUSTED,
    MEMORY_FULL: status.RESOURCE_EXHAUSTED,
    TOO_LARGE: status.RESOURCE_EXHAUSTED,
    SERVER_BUSY: status.RESOURCE_EXHAUSTED,
    MESSAGE_TIMEOUT: status.DEADLINE_EXCEEDED,
    STORE_UNAVAILABLE: status.UNAVAILABLE,
    STORE_REFUSING: status.UNAVAILABLE,
    STORE_FAULT: status.INTERNAL,
    SHUTTING_DOWN: status.UNAVAILABLE,
  };
  let reason: (typeof refusalReasons)[number] = 'INVALID_REQUEST';
  await start({ cancel: async () => refusal(reason, `because of ${reason}`) });
  for (reason of refusalReasons) {
    const wrong = await failure(reply((done) => edge.broker.cancel({ taskId: 'x', force: false }, done)));
    expect([reason, wrong.code]).toEqual([reason, expected[reason]]);
    expect(wrong.details).toBe(`because of ${reason}`);
    const { find, status: inDetails } = details(wrong.metadata);
    expect(inDetails).toMatchObject({ code: wrong.code, message: wrong.details });
    expect(ErrorInfo.decode(find('ErrorInfo') as Uint8Array)).toMatchObject({ reason, domain: 'inferq' });
    expect(find('RetryInfo') !== undefined).toBe(['QUEUE_FULL', 'RESULTS_FULL', 'MEMORY_FULL', 'SERVER_BUSY'].includes(reason));
  }
});

test('violations and the retry hint travel in the trailers', async () => {
  const violations = [{ field: 'inputs[0].shape', description: 'is [1, 63]; give [-1, 64]' }];
  await start({ cancel: async () => refusal('QUEUE_FULL', 'full', { violations, retryAfterMs: 2_500 }) });
  const wrong = await failure(reply((done) => edge.broker.cancel({ taskId: 'x', force: false }, done)));
  const { find } = details(wrong.metadata);
  expect(BadRequest.decode(find('BadRequest') as Uint8Array).fieldViolations).toMatchObject(violations);
  expect(RetryInfo.decode(find('RetryInfo') as Uint8Array).retryDelay).toEqual({ seconds: 2n, nanos: 500_000_000 });
});

test.each([
  ['long', 'x'.repeat(100_000), 'f'.repeat(100_000)],
  ['outside ASCII', '\u{1f40d}\u00e9'.repeat(5_000), '\u4e2d'.repeat(5_000)],
  ['control characters and broken surrogates', '\n\u0000\ud800'.repeat(5_000), '\u007f\udc00'.repeat(500)],
  ['short', 'wrong', 'field'],
])('message and details together stay under 4 KiB: %s', async (_what, message, text) => {
  const violations = Array.from({ length: 500 }, (_, index) => ({ field: `${text}${index}`, description: text }));
  await start({ cancel: async () => refusal('INVALID_REQUEST', message, { violations, retryAfterMs: 1 }) });
  const wrong = await failure(reply((done) => edge.broker.cancel({ taskId: 'x', force: false }, done)));
  const { bytes, find, status: inDetails } = details(wrong.metadata);
  expect(wrong.code).toBe(status.INVALID_ARGUMENT);
  expect(encodeURI(wrong.details).length + Math.ceil(bytes.length / 3) * 4).toBeLessThan(4_096);
  expect(inDetails.message).toBe(wrong.details);
  expect(wrong.details).not.toMatch(/\p{Cc}/u);
  const { fieldViolations } = BadRequest.decode(find('BadRequest') as Uint8Array);
  expect(fieldViolations.at(-1)?.description).toBe(`and ${500 - (fieldViolations.length - 1)} more`);
  expect(fieldViolations.length).toBeLessThanOrEqual(21);
});

test('a handler that throws ends its call with an id under which the surprise was reported, and tells nothing else', async () => {
  await start({
    cancel: async () => {
      throw new Error('secret path /etc');
    },
  });
  const wrong = await failure(reply((done) => edge.broker.cancel({ taskId: 'x', force: false }, done)));
  expect(wrong.code).toBe(status.INTERNAL);
  expect(wrong.details).toBe(`internal error, reported as ${edge.surprises[0]?.id}`);
  expect(edge.surprises).toMatchObject([{ method: 'Cancel', error: new Error('secret path /etc') }]);
});

test('the signal fires when the client leaves, and never after a reply', async () => {
  const signals: AbortSignal[] = [];
  let entered = (): void => undefined;
  await start({
    getResult: (_id, options, call) => {
      signals.push(call.signal);
      if (options.waitMs === undefined) return Promise.resolve(granted(viewOf()));
      entered();
      return new Promise((resolve) => {
        call.signal.addEventListener('abort', () => resolve(granted(viewOf())));
      });
    },
  });
  await reply((done) => edge.broker.getResult(GetResultRequest.fromPartial({ taskId: 'x' }), done));
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const waiting = GetResultRequest.fromPartial({ taskId: 'x', wait: { seconds: 60n } });
  const call = edge.broker.getResult(waiting, () => undefined);
  await inside;
  call.cancel();
  await expect.poll(() => signals[1]?.aborted).toBe(true);
  const late = await failure(reply((done) => edge.broker.getResult(waiting, new Metadata(), { deadline: Date.now() + 50 }, done)));
  expect(late.code).toBe(status.DEADLINE_EXCEEDED);
  await expect.poll(() => signals[2]?.aborted).toBe(true);
  await delay(20);
  expect(signals[0]?.aborted).toBe(false);
  expect(edge.surprises).toEqual([]);
});
