/** Whole calls: a method, the bytes to send, and how the client behaves. */

import {
  ListDeadLettersRequest,
  ListModelsRequest,
  ListQueuesRequest,
  ListWorkersRequest,
  RedriveDeadLettersRequest,
} from '@inferq/proto/gen/inferq/v1/admin.ts';
import {
  CancelRequest,
  GetModelRequest,
  GetResultRequest,
  SubmitManyRequest,
  SubmitRequest,
  WatchResultRequest,
} from '@inferq/proto/gen/inferq/v1/broker.ts';
import fc, { type Arbitrary } from 'fast-check';
import { damaged } from './bytes.ts';
import { submitRequest } from './submits.ts';
import { duration, maybe, mostly, oddInt32, oddInt64, oddString, outputOptions, time } from './values.ts';

export type Ending = 'half-close' | 'leave' | 'stay';

export interface Call {
  path: string;
  messages: Uint8Array[];
  /** Whether the client half-closes, leaves without waiting for the end, or does neither before its deadline. */
  ending: Ending;
  /** Items sent, where every message is whole. */
  items?: number;
}

/** Whether the call's replies are a stream. */
export function streams({ path }: Call): boolean {
  return path.endsWith('/SubmitMany') || path.endsWith('/WatchResult');
}

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
  fromPartial(partial: object): T;
}

function encoded<T>(type: Encoder<T>, partial: Arbitrary<object>): Arbitrary<Uint8Array> {
  return partial.map((given) => type.encode(type.fromPartial(given)).finish());
}

function single(path: string, message: Arbitrary<Uint8Array>): Arbitrary<Call> {
  const ending = mostly(fc.constant<Ending>('half-close'), fc.constant<Ending>('leave'), 12);
  return fc.record({ path: fc.constant(path), messages: fc.tuple(mostly(message, damaged(message), 5)), ending });
}

function requests(knownIds: readonly string[]) {
  const taskId = mostly(fc.constantFrom(...knownIds), oddString, 8);
  const force = fc.boolean();
  const cancelOnDisconnect = mostly(fc.constant(false), force, 6);
  const afterSequence = mostly(fc.bigInt({ min: 0n, max: 12n }), oddInt64, 6);
  const filter = fc.record(
    {
      model: mostly(fc.constantFrom('', 'probe', 'digits'), oddString),
      queue: mostly(fc.constantFrom('', 'default'), oddString),
      codes: fc.array(mostly(fc.integer({ min: 1, max: 10 }), oddInt32, 8), { maxLength: 3 }),
      after: time,
      before: time,
    },
    { requiredKeys: [] },
  );
  const page = {
    pageSize: mostly(fc.nat({ max: 5 }), oddInt32, 5),
    pageToken: mostly(fc.constant(''), oddString, 3),
  };
  const selection = fc.oneof(
    fc.array(taskId, { maxLength: 4 }).map((taskIds) => ({ $case: 'ids', value: { taskIds } })),
    filter.map((value) => ({ $case: 'filter', value })),
    fc.boolean().map((value) => ({ $case: 'all', value })),
    fc.constant(undefined),
  );
  return {
    get: fc.record({ taskId, wait: maybe(duration(0, 100)), outputs: outputOptions }),
    watch: fc.record({ taskId, afterSequence, outputs: outputOptions, cancelOnDisconnect }),
    cancel: fc.record({ taskId, force }),
    model: fc.record({
      model: mostly(fc.constantFrom('digits', 'probe'), oddString, 3),
      version: mostly(fc.constantFrom('', '1', '2'), oddString, 3),
    }),
    list: fc.record(page),
    dead: fc.record({ filter: maybe(filter), ...page }),
    redrive: fc.record({ selection, dryRun: fc.boolean(), limit: mostly(fc.nat({ max: 3 }), oddInt32, 5) }),
  };
}

type Requests = ReturnType<typeof requests>;

function streamed({ watch, cancel }: Requests): Arbitrary<Call> {
  const action = fc.oneof(
    { weight: 6, arbitrary: submitRequest({ inStream: true }).map((value) => ({ $case: 'submit', value })) },
    { weight: 2, arbitrary: watch.map((value) => ({ $case: 'watch', value })) },
    { weight: 1, arbitrary: cancel.map((value) => ({ $case: 'cancel', value })) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
  const item = fc.record({ correlationId: mostly(fc.constantFrom('', 'a', 'b'), oddString, 6), follow: fc.boolean(), action });
  const message = fc.array(item, { maxLength: 6 }).map((items) => ({
    count: items.length,
    bytes: SubmitManyRequest.encode(SubmitManyRequest.fromPartial({ items } as object)).finish(),
  }));
  const messages = fc.array(message, { maxLength: 4 });
  const ending = fc.constantFrom<Ending>('half-close', 'half-close', 'half-close', 'leave', 'stay');
  const path = '/inferq.v1.Broker/SubmitMany';
  const whole = fc.record({ messages, ending }).map((drawn) => ({
    path,
    ending: drawn.ending,
    messages: drawn.messages.map(({ bytes }) => bytes),
    items: drawn.messages.reduce((sum, { count }) => sum + count, 0),
  }));
  const broken = fc.record({ path: fc.constant(path), messages: fc.tuple(damaged(message.map(({ bytes }) => bytes))), ending });
  return mostly<Call, Call>(whole, broken, 5);
}

/** Any call; `knownIds` are tasks that exist, at least one. */
export function anyCall(knownIds: readonly string[]): Arbitrary<Call> {
  const all = requests(knownIds);
  const broker = (method: string, message: Arbitrary<Uint8Array>) => single(`/inferq.v1.Broker/${method}`, message);
  const admin = (method: string, message: Arbitrary<Uint8Array>) => single(`/inferq.v1.Admin/${method}`, message);
  const submit = submitRequest({ inStream: false }).map((request) => SubmitRequest.encode(request).finish());
  return fc.oneof(
    { weight: 8, arbitrary: broker('Submit', submit) },
    { weight: 6, arbitrary: streamed(all) },
    { weight: 2, arbitrary: broker('GetResult', encoded(GetResultRequest, all.get)) },
    { weight: 2, arbitrary: broker('WatchResult', encoded(WatchResultRequest, all.watch)) },
    { weight: 2, arbitrary: broker('Cancel', encoded(CancelRequest, all.cancel)) },
    { weight: 1, arbitrary: broker('GetModel', encoded(GetModelRequest, all.model)) },
    { weight: 1, arbitrary: admin('ListQueues', encoded(ListQueuesRequest, all.list)) },
    { weight: 1, arbitrary: admin('ListWorkers', encoded(ListWorkersRequest, all.list)) },
    { weight: 1, arbitrary: admin('ListModels', encoded(ListModelsRequest, all.list)) },
    { weight: 1, arbitrary: admin('ListDeadLetters', encoded(ListDeadLettersRequest, all.dead)) },
    { weight: 1, arbitrary: admin('RedriveDeadLetters', encoded(RedriveDeadLettersRequest, all.redrive)) },
  );
}
