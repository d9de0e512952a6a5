import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { BadRequest, ErrorInfo, RetryInfo } from '../../proto/gen/google/rpc/error_details.ts';
import { RedriveDeadLettersResponse } from '../../proto/gen/inferq/v1/admin.ts';
import { Queue } from '../../proto/gen/inferq/v1/fleet.ts';
import { Model } from '../../proto/gen/inferq/v1/model.ts';
import { TaskErrorCode, TaskState } from '../../proto/gen/inferq/v1/task.ts';
import { type Parameter, TensorEncoding } from '../../proto/gen/inferq/v1/tensor.ts';
import { systemClock } from '../clock.ts';
import {
  AbortedError,
  AlreadyExistsError,
  DeadlineError,
  InferqError,
  InvalidRequestError,
  NotFoundError,
  OverloadedError,
  tensor,
  UnavailableError,
} from '../index.ts';
import type { ClientOptions } from '../options.ts';
import { submitMessage } from '../wire/request.ts';
import { all, failure, fakeBroker, taskMessage } from './fake-broker.ts';

// biome-ignore lint/suspicious/noExplicitAny: each test knows its own messages
type Call = ServerUnaryCall<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: each test knows its own messages
type Reply = sendUnaryData<any>;

const type = 'type.googleapis.com/google.rpc.';

test('submit sends every option, raw tensors and a key of its own', async () => {
  const requests: unknown[] = [];
  await using broker = await fakeBroker({
    submit: (call: Call, reply: Reply) => {
      requests.push(call.request);
      reply(null, { taskId: 't1', duplicate: false });
    },
  });
  const client = broker.client();
  const answer = await client.submit({
    model: 'digits',
    version: '2',
    inputs: { image: tensor.fp32([1, 2], [0.5, 1]) },
    parameters: { whole: 3, half: 0.5, big: 7n, flag: true, text: 'x' },
    queue: 'realtime',
    priority: 0,
    delayMs: 1_500,
    startWithinMs: 60_000,
    softTimeLimitMs: 100,
    hardTimeLimitMs: 200,
    maxAttempts: 1,
    resultTtlMs: 0.5,
    ignoreResult: false,
    metadata: { user: 'me' },
    outputs: { names: ['label'], encoding: 'contents' },
  });
  expect(answer).toEqual({ taskId: 't1', duplicate: false });
  expect(requests[0]).toMatchObject({
    model: 'digits',
    version: '2',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1n, 2n] }],
    parameters: new Map<string, Parameter>([
      ['whole', { value: { $case: 'int64Param', value: 3n } }],
      ['half', { value: { $case: 'doubleParam', value: 0.5 } }],
      ['big', { value: { $case: 'int64Param', value: 7n } }],
      ['flag', { value: { $case: 'boolParam', value: true } }],
      ['text', { value: { $case: 'stringParam', value: 'x' } }],
    ]),
    queue: 'realtime',
    priority: 0,
    start: { $case: 'delay', value: { seconds: 1n, nanos: 500_000_000 } },
    startLimit: { $case: 'startWithin', value: { seconds: 60n, nanos: 0 } },
    softTimeLimit: { seconds: 0n, nanos: 100_000_000 },
    hardTimeLimit: { seconds: 0n, nanos: 200_000_000 },
    maxAttempts: 1,
    resultTtl: { seconds: 0n, nanos: 500_000 },
    ignoreResult: false,
    metadata: new Map([['user', 'me']]),
    wait: undefined,
    bindToCall: false,
    outputs: { names: ['label'], encoding: 2, omit: false },
  });
  await client.submit({ model: 'digits' });
  await client.submit({ model: 'digits', idempotencyKey: 'mine' });
  const keys = requests.map((request) => (request as { idempotencyKey: string }).idempotencyKey);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBe('mine');
});

test.each([
  [{ delayMs: 1, notBefore: new Date() }, 'either delayMs or notBefore'],
  [{ startWithinMs: 1, startDeadline: new Date() }, 'either startWithinMs or startDeadline'],
  [{ priority: 1.5 }, 'priority: must be a whole number, not 1.5'],
  [{ delayMs: Number.NaN }, 'delayMs: must be a number of milliseconds'],
  [{ notBefore: new Date('no') }, 'notBefore: is not a valid date'],
  [{ parameters: { n: 2n ** 64n } }, 'parameters.n: 18446744073709551616 does not fit'],
])('%o is refused before anything is sent', async (wrong, sentence) => {
  await using broker = await fakeBroker({});
  const failed = broker.client().submit({ model: 'digits', ...wrong });
  await expect(failed).rejects.toThrow(InvalidRequestError);
  await expect(failed).rejects.toThrow(sentence);
});

test('a repeated submit carries the same key, and succeeds once the server is back', async () => {
  const keys: string[] = [];
  await using broker = await fakeBroker({
    submit: (call: Call, reply: Reply) => {
      keys.push(call.request.idempotencyKey);
      if (keys.length < 3) reply({ code: status.UNAVAILABLE, details: 'starting' });
      else reply(null, { taskId: 't1', duplicate: true });
    },
  });
  expect(await broker.client().submit({ model: 'm' })).toEqual({ taskId: 't1', duplicate: true });
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test('a connection that breaks under a call is opened again', async () => {
  let calls = 0;
  await using broker = await fakeBroker({
    getResult: (_: Call, reply: Reply) => {
      if (++calls < 3) broker.cut();
      else reply(null, { task: taskMessage('QUEUED') });
    },
  });
  expect((await broker.client().getResult('t1')).state).toBe('QUEUED');
  expect(calls).toBe(3);
});

test('a call goes on as soon as the connection is back, before its pause is over', async () => {
  await using broker = await fakeBroker({ getResult: (_call: Call, reply: Reply) => reply(null, { task: taskMessage('QUEUED') }) });
  let pauses = 0;
  const endless = (_ms: number, signal?: AbortSignal): Promise<void> => {
    pauses++;
    return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  };
  const client = broker.client({}, { clock: { ...systemClock, sleep: endless } });
  broker.refuse(true);
  const result = client.getResult('t1');
  await expect.poll(() => pauses).toBe(1);
  broker.refuse(false);
  expect((await result).state).toBe('QUEUED');
});

test('details in the trailers make a typed error', async () => {
  const details = [
    { typeUrl: `${type}ErrorInfo`, value: ErrorInfo.encode(ErrorInfo.create({ reason: 'INVALID_REQUEST', domain: 'inferq' })).finish() },
    {
      typeUrl: `${type}BadRequest`,
      value: BadRequest.encode(BadRequest.create({ fieldViolations: [{ field: 'inputs[0].shape', description: 'wrong' }] })).finish(),
    },
    { typeUrl: `${type}Help`, value: Uint8Array.of(255) },
  ];
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => reply(failure(status.INVALID_ARGUMENT, 'inputs[0].shape: wrong', details)),
  });
  const error = await broker
    .client()
    .submit({ model: 'm' })
    .catch((failed) => failed);
  expect(error).toBeInstanceOf(InvalidRequestError);
  expect(error).toMatchObject({
    name: 'InvalidRequestError',
    message: 'inputs[0].shape: wrong',
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_REQUEST',
    violations: [{ field: 'inputs[0].shape', description: 'wrong' }],
    retryAfterMs: undefined,
  });
});

test('details that cannot be read leave the status standing', async () => {
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => {
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
      reply({ code: status.NOT_FOUND, details: 'no model m', metadata });
    },
  });
  await expect(broker.client().submit({ model: 'm' })).rejects.toThrow(new NotFoundError('no model m', { code: 'NOT_FOUND' }));
});

test.each([
  ['ALREADY_EXISTS', AlreadyExistsError],
  ['RESOURCE_EXHAUSTED', OverloadedError],
  ['UNIMPLEMENTED', InferqError],
] as const)('%s without a hint is thrown at once', async (name, Class) => {
  let calls = 0;
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => {
      calls++;
      reply({ code: status[name], details: 'no' });
    },
  });
  const error = await broker
    .client()
    .submit({ model: 'm' })
    .catch((failed) => failed);
  expect(error).toBeInstanceOf(Class);
  expect(error.code).toBe(name);
  expect(calls).toBe(1);
});

test('a full broker is asked again after the time it names', async () => {
  const waited: number[] = [];
  let calls = 0;
  const value = RetryInfo.encode(RetryInfo.create({ retryDelay: { seconds: 2n, nanos: 500_000_000 } })).finish();
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => {
      if (++calls === 1) reply(failure(status.RESOURCE_EXHAUSTED, 'queue is full', [{ typeUrl: `${type}RetryInfo`, value }]));
      else reply(null, { taskId: 't1', duplicate: false });
    },
  });
  const clock = { now: Date.now, random: () => 1, sleep: async (ms: number) => void waited.push(ms) };
  await broker.client({}, { clock }).submit({ model: 'm' });
  expect(waited).toEqual([2_500]);
  const late = broker.client({ deadlineMs: 1_000 }, { clock });
  calls = 0;
  await expect(late.submit({ model: 'm' })).rejects.toThrow('queue is full');
});

test('the deadline ends a call, and a wait comes on top of it', async () => {
  const given: number[] = [];
  await using broker = await fakeBroker({
    getResult: (call: Call) => void given.push((call.getDeadline() as number) - Date.now()),
  });
  const client = broker.client({ deadlineMs: 300 });
  await expect(client.getResult('t1')).rejects.toBeInstanceOf(DeadlineError);
  const abort = new AbortController();
  const waiting = client.getResult('t1', { waitMs: 10_000, signal: abort.signal });
  await expect.poll(() => given.length).toBe(2);
  abort.abort();
  await expect(waiting).rejects.toBeInstanceOf(AbortedError);
  expect(given[0]).toBeLessThanOrEqual(300);
  expect(given[1]).toBeGreaterThan(9_000);
});

test('an abort ends a call at once, before it, under it and between tries', async () => {
  let taken = 0;
  let cancelled = 0;
  await using broker = await fakeBroker({
    getResult: (call: Call) => {
      taken++;
      call.on('cancelled', () => cancelled++);
    },
  });
  const reason = new Error('enough');
  const client = broker.client();
  await expect(client.getResult('t1', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ name: 'AbortError', cause: reason });
  expect(taken).toBe(0);

  const under = new AbortController();
  const call = client.getResult('t1', { signal: under.signal });
  await expect.poll(() => taken).toBe(1);
  under.abort(reason);
  await expect(call).rejects.toBeInstanceOf(AbortedError);
  await expect.poll(() => cancelled).toBe(1);

  broker.refuse(true);
  const between = new AbortController();
  const clock = {
    ...systemClock,
    sleep(_: number, signal?: AbortSignal) {
      const sleep = systemClock.sleep(3_600_000, signal);
      between.abort(reason);
      return sleep;
    },
  };
  await expect(broker.client({}, { clock }).getResult('t1', { signal: between.signal })).rejects.toBeInstanceOf(AbortedError);
});

test('a server that cannot be reached is said to be so when the deadline is near', async () => {
  await using broker = await fakeBroker({});
  broker.refuse(true);
  const options: ClientOptions = { deadlineMs: 300 };
  await expect(broker.client(options).getResult('t1')).rejects.toBeInstanceOf(UnavailableError);
});

test('a result is a readable task', async () => {
  await using broker = await fakeBroker({
    getResult: (_: Call, reply: Reply) =>
      reply(null, {
        task: taskMessage('FAILED', {
          sequence: 12n,
          outputs: [
            { name: 'label', datatype: 'INT64', shape: [2n], data: { $case: 'raw', value: Buffer.from(BigInt64Array.of(4n, -1n).buffer) } },
          ],
          classifications: [{ classes: [{ index: 4, label: 'four', score: 0.5 }] }],
          error: { code: TaskErrorCode.MODEL_ERROR, message: 'it broke', detail: 'stack' },
          execution: { attempt: 1, device: 'cpu', queued: { seconds: 0n, nanos: 1_500_000 }, ran: { seconds: 1n, nanos: 0 } },
          endTime: new Date(5_000),
        }),
      }),
  });
  const task = await broker.client().getResult('t1');
  expect(task).toMatchObject({
    state: 'FAILED',
    sequence: 12,
    outputs: { label: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(4n, -1n) } },
    classifications: [[{ index: 4, label: 'four', score: 0.5 }]],
    error: { code: 'MODEL_ERROR', message: 'it broke', detail: 'stack' },
    execution: { attempt: 1, device: 'cpu', queuedMs: 1.5, ranMs: 1_000 },
    endTime: new Date(5_000),
    raw: { state: TaskState.FAILED },
  });
  expect(JSON.parse(JSON.stringify(task))).toMatchObject({ id: 't1', state: 'TASK_STATE_FAILED', sequence: '12' });
});

test('a message over the default of other clients is taken', async () => {
  const raw = new Uint8Array(6 * 1_024 * 1_024).fill(7);
  await using broker = await fakeBroker({
    getResult: (_: Call, reply: Reply) =>
      reply(null, {
        task: taskMessage('SUCCEEDED', {
          outputs: [{ name: 'y', datatype: 'UINT8', shape: [BigInt(raw.length)], data: { $case: 'raw', value: raw } }],
        }),
      }),
  });
  expect((await broker.client().getResult('t1')).outputs.y?.data.length).toBe(raw.length);
  await expect(broker.client({ maxMessageBytes: 1_000 }).getResult('t1')).rejects.toBeInstanceOf(OverloadedError);
});

test('cancel and model convert both ways', async () => {
  const requests: unknown[] = [];
  await using broker = await fakeBroker({
    cancel: (call: Call, reply: Reply) => {
      requests.push(call.request);
      reply(null, { task: taskMessage('RUNNING', { cancelRequested: true }) });
    },
    getModel: (call: Call, reply: Reply) => {
      requests.push(call.request);
      const parameters = [{ name: 'seed', defaultValue: { value: { $case: 'int64Param', value: 1n } }, description: 'chance' }];
      reply(null, {
        model: Model.create({ name: 'm', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 64n] }], parameters: parameters as [] }),
      });
    },
  });
  const client = broker.client();
  expect((await client.cancel('t1', { force: true })).cancelRequested).toBe(true);
  const model = await client.model('m');
  expect(model.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 64], optional: false, anyRank: false }]);
  expect(model.parameters).toEqual([{ name: 'seed', defaultValue: 1n, description: 'chance', allowedValues: [] }]);
  expect(requests).toEqual([
    { taskId: 't1', force: true },
    { model: 'm', version: '' },
  ]);
});

test('lists are fetched page by page, as far as they are read', async () => {
  const tokens: string[] = [];
  await using broker = await fakeBroker({
    listQueues: (call: Call, reply: Reply) => {
      tokens.push(call.request.pageToken);
      const page = tokens.length;
      const queues = [Queue.create({ name: `q${page}`, waitingByPriority: new Map([[5, 3n]]), oldestAge: { seconds: 2n, nanos: 0 } })];
      reply(null, { queues, nextPageToken: page === 3 ? '' : `after ${page}` });
    },
  });
  const client = broker.client();
  const queues = await all(client.admin.queues());
  expect(queues.map(({ name }) => name)).toEqual(['q1', 'q2', 'q3']);
  expect(queues[0]).toMatchObject({ waitingByPriority: { 5: 3 }, oldestAgeMs: 2_000 });
  expect(tokens).toEqual(['', 'after 1', 'after 2']);

  tokens.length = 0;
  for await (const _ of client.admin.queues()) break;
  expect(tokens).toHaveLength(1);
});

test('dead letters are filtered by code, and redriven by id, filter or all', async () => {
  const requests: Record<string, unknown>[] = [];
  await using broker = await fakeBroker({
    listDeadLetters: (call: Call, reply: Reply) => {
      requests.push(call.request);
      reply(null, { tasks: [taskMessage('FAILED')], nextPageToken: '' });
    },
    redriveDeadLetters: (call: Call, reply: Reply) => {
      requests.push(call.request);
      const skipped = [{ taskId: 't9', error: { reason: 'TASK_NOT_FOUND', message: 'Task t9 is unknown' } }];
      const response = { matched: 2n, failedAgain: 1n, redriven: new Map([['t1', 't2']]), redrivenBefore: ['t1'], remaining: 1n, skipped };
      reply(null, RedriveDeadLettersResponse.fromPartial(response));
    },
  });
  const { admin } = broker.client();
  expect(await all(admin.deadLetters({ codes: ['MODEL_ERROR'], before: new Date(9) }))).toMatchObject([{ state: 'FAILED' }]);
  expect(requests[0]).toMatchObject({ filter: { codes: [TaskErrorCode.MODEL_ERROR], before: new Date(9) } });
  expect(() => admin.deadLetters({ codes: ['NONSENSE'] })).toThrow('there is no error code NONSENSE');

  expect(await admin.redrive({ ids: ['t1'] }, { limit: 1 })).toEqual({
    ...{ matched: 2, failedAgain: 1, redriven: { t1: 't2' }, redrivenBefore: ['t1'], remaining: 1 },
    skipped: [{ taskId: 't9', reason: 'TASK_NOT_FOUND', message: 'Task t9 is unknown' }],
  });
  await admin.redrive({ filter: { model: 'm' } }, { dryRun: true });
  await admin.redrive({ all: true });
  expect(requests.slice(1)).toMatchObject([
    { selection: { $case: 'ids', value: { taskIds: ['t1'] } }, dryRun: false, limit: 1 },
    { selection: { $case: 'filter', value: { model: 'm' } }, dryRun: true, limit: 0 },
    { selection: { $case: 'all', value: true } },
  ]);
});

test('an input comes back as what a submit takes', async () => {
  let asked: Record<string, unknown> = {};
  const submitted = submitMessage({ model: 'm', inputs: { x: tensor.fp32([2], [1, 2.5]) }, parameters: { seed: 7, style: 'dry' } }, 'key');
  await using broker = await fakeBroker({
    getInput: (call: Call, reply: Reply) => {
      asked = call.request;
      reply(null, { inputs: submitted.inputs, parameters: submitted.parameters });
    },
  });
  const input = await broker.client().getInput('t1', { encoding: 'contents' });
  expect(asked).toEqual({ taskId: 't1', encoding: TensorEncoding.CONTENTS });
  expect(input.inputs).toEqual({ x: tensor.fp32([2], [1, 2.5]) });
  expect(input.parameters).toEqual({ seed: 7n, style: 'dry' });
  expect(submitMessage({ model: 'm', ...input }, 'key')).toEqual(submitted);
});

test('predict waits in rounds until the task ends', async () => {
  const rounds: Record<string, unknown>[] = [];
  await using broker = await fakeBroker({
    submit: (call: Call, reply: Reply) => {
      rounds.push(call.request);
      reply(null, { taskId: 't1', task: taskMessage('QUEUED') });
    },
    getResult: (call: Call, reply: Reply) => {
      rounds.push(call.request);
      reply(null, { task: taskMessage(rounds.length < 4 ? 'RUNNING' : 'SUCCEEDED') });
    },
  });
  const task = await broker.client().predict({ model: 'm', outputs: { names: ['y'] } });
  expect(task.state).toBe('SUCCEEDED');
  const wait = { seconds: 300n, nanos: 0 };
  expect(rounds).toMatchObject([{ bindToCall: true, wait }, ...Array(3).fill({ taskId: 't1', wait, outputs: { names: ['y'] } })]);
});

test.each(['FAILED', 'CANCELLED', 'EXPIRED'] as const)('a prediction that ends %s throws the task', async (state) => {
  const error = { code: TaskErrorCode.MODEL_ERROR, message: 'it broke' };
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => reply(null, { taskId: 't1', task: taskMessage(state, state === 'FAILED' ? { error } : {}) }),
  });
  const failed = await broker
    .client()
    .predict({ model: 'm' })
    .catch((thrown) => thrown);
  expect(failed).toMatchObject({
    name: 'TaskFailedError',
    code: 'TASK_FAILED',
    task: { state },
    reason: state === 'FAILED' ? 'MODEL_ERROR' : state,
  });
});

test.each([
  [true, ['t1']],
  [undefined, ['t1']],
  [false, []],
])('an aborted prediction with cancelOnAbort %s cancels %o', async (cancelOnAbort, expected) => {
  const cancelled: string[] = [];
  const waiting = Promise.withResolvers<void>();
  await using broker = await fakeBroker({
    submit: (call: Call, reply: Reply) => {
      expect(call.request.bindToCall).toBe(cancelOnAbort ?? true);
      reply(null, { taskId: 't1', task: taskMessage('RUNNING') });
    },
    getResult: () => waiting.resolve(),
    cancel: (call: Call, reply: Reply) => {
      cancelled.push(call.request.taskId);
      reply(null, { task: taskMessage('CANCELLED') });
    },
  });
  const abort = new AbortController();
  const options = { signal: abort.signal, ...(cancelOnAbort === undefined ? {} : { cancelOnAbort }) };
  const prediction = broker.client().predict({ model: 'm' }, options);
  await Promise.race([waiting.promise, prediction]);
  abort.abort();
  await expect(prediction).rejects.toBeInstanceOf(AbortedError);
  expect(cancelled).toEqual(expected);
});

test('a prediction that takes too long cancels its task', async () => {
  const cancelled: string[] = [];
  await using broker = await fakeBroker({
    submit: (_: Call, reply: Reply) => reply(null, { taskId: 't1', task: taskMessage('RUNNING') }),
    getResult: () => {},
    cancel: (call: Call, reply: Reply) => {
      cancelled.push(call.request.taskId);
      reply(null, { task: taskMessage('CANCELLED') });
    },
  });
  await expect(broker.client().predict({ model: 'm' }, { timeoutMs: 300 })).rejects.toBeInstanceOf(DeadlineError);
  expect(cancelled).toEqual(['t1']);
});
