import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type {
  SubmitManyRequest,
  SubmitManyResponse,
  SubmitManyRequest_Item as WireItem,
  SubmitManyResponse_Outcome as WireOutcome,
} from '../../proto/gen/inferq/v1/broker.ts';
import { TaskEvent } from '../../proto/gen/inferq/v1/event.ts';
import type { TaskState } from '../../proto/gen/inferq/v1/task.ts';
import { AbortedError, InvalidRequestError, OverloadedError, type SubmitManyItem, type SubmitManyOutput, tensor } from '../index.ts';
import { all, fakeBroker, taskMessage } from './fake-broker.ts';

type Call = ServerDuplexStream<SubmitManyRequest, SubmitManyResponse>;

/** What one stream of the broker does with each message; ends its side when the client has, unless it `stays`. */
interface Stream {
  stays?: boolean;
  message(items: WireItem[], call: Call): void;
}

async function streaming(...streams: Stream[]) {
  const received: WireItem[][][] = [];
  let cancelled = 0;
  const broker = await fakeBroker({
    submitMany: (call: Call) => {
      const stream = streams[received.length] ?? (streams.at(-1) as Stream);
      const messages: WireItem[][] = [];
      received.push(messages);
      call.on('data', ({ items }: SubmitManyRequest) => {
        messages.push(items);
        stream.message(items, call);
      });
      call.on('end', () => {
        if (!stream.stays) call.end();
      });
      call.on('cancelled', () => cancelled++);
    },
  });
  return { broker, received, cancelled: () => cancelled, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

const keyOf = (item: WireItem) => (item.action?.$case === 'submit' ? item.action.value.idempotencyKey : '');
const outcome = (item: WireItem, result: WireOutcome['result'], duplicate = false): WireOutcome => ({
  correlationId: item.correlationId,
  duplicate,
  result,
});
const accept = (item: WireItem, duplicate = false) => outcome(item, { $case: 'taskId', value: `task-${keyOf(item)}` }, duplicate);
const reply = (call: Call, outcomes: WireOutcome[], events: TaskEvent[] = []) => void call.write({ outcomes, events });
const acceptAll: Stream = {
  message: (items, call) =>
    reply(
      call,
      items.map((item) => accept(item)),
    ),
};

function state(taskId: string, name: keyof typeof TaskState, sequence: number): TaskEvent {
  const value = taskMessage(name, { id: taskId, sequence: BigInt(sequence), attempt: 1 });
  return TaskEvent.create({ taskId, sequence: BigInt(sequence), attempt: 1, kind: { $case: 'stateChanged', value } });
}

function chunk(taskId: string, index: number, sequence: number): TaskEvent {
  const kind = { $case: 'chunk' as const, value: { index: BigInt(index), outputs: [] } };
  return TaskEvent.create({ taskId, sequence: BigInt(sequence), attempt: 1, kind });
}

function brief(output: SubmitManyOutput): string {
  switch (output.kind) {
    case 'accepted':
      return `${output.correlationId} accepted ${output.taskId}${output.duplicate ? ' again' : ''}`;
    case 'refused':
      return `${output.correlationId} refused ${output.error.code}`;
    case 'event':
      return `${output.correlationId} ${output.event.kind} ${output.event.sequence}`;
  }
}

const submit = (key: string, follow = false): SubmitManyItem => ({
  submit: { model: 'm', idempotencyKey: key },
  follow,
  correlationId: key,
});

test('items that are ready together go out in one message, and each gets its outcome', async () => {
  await using it = await streaming(acceptAll);
  const outputs = await all(it.broker.client().submitMany([{ submit: { model: 'm' } }, { submit: { model: 'm' } }, submit('c')]));
  expect(outputs.map(({ correlationId }) => correlationId)).toEqual(['0', '1', 'c']);
  expect(it.received[0]?.map((items) => items.length)).toEqual([3]);
  const keys = it.received[0]?.[0]?.map(keyOf) ?? [];
  expect(new Set(keys).size).toBe(3);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test('an empty source ends at once', async () => {
  await using it = await streaming(acceptAll);
  expect(await all(it.broker.client().submitMany([]))).toEqual([]);
});

test('a followed task sends its events to the end, and the stream ends after it', async () => {
  await using it = await streaming({
    message: (items, call) => {
      const [first, second] = items as [WireItem, WireItem];
      expect([first.follow, second.follow]).toEqual([true, false]);
      reply(call, [accept(first), accept(second)], [state('task-a', 'RUNNING', 2)]);
      reply(call, [], [chunk('task-a', 0, 3), state('task-a', 'SUCCEEDED', 4)]);
    },
  });
  const outputs = await all(it.broker.client().submitMany([submit('a', true), submit('b')]));
  expect(outputs.map(brief)).toEqual(['a accepted task-a', 'b accepted task-b', 'a state 2', 'a chunk 3', 'a state 4']);
});

test('a followed duplicate begins with a snapshot, and a terminal one is its end', async () => {
  await using it = await streaming({
    message: (items, call) => {
      const tasks = [taskMessage('RUNNING', { id: 'x', sequence: 5n }), taskMessage('FAILED', { id: 'y', sequence: 7n })];
      const snapshots = items.map((item, index) => outcome(item, { $case: 'snapshot', value: tasks[index] as never }, true));
      reply(call, snapshots, [state('x', 'SUCCEEDED', 6)]);
    },
  });
  const outputs = await all(it.broker.client().submitMany([submit('a', true), submit('b', true)]));
  expect(outputs.map(brief)).toEqual(['a accepted x again', 'a snapshot 5', 'b accepted y again', 'b snapshot 7', 'a state 6']);
});

test('two items that follow one task both get its events', async () => {
  await using it = await streaming({
    message: (items, call) => {
      const [first, second] = items as [WireItem, WireItem];
      const task = taskMessage('QUEUED', { id: 'task-a', sequence: 1n });
      reply(call, [accept(first), outcome(second, { $case: 'snapshot', value: task }, true)], [state('task-a', 'CANCELLED', 2)]);
    },
  });
  const outputs = await all(it.broker.client().submitMany([submit('a', true), submit('b', true)]));
  expect(outputs.map(brief).filter((line) => line.includes('state'))).toEqual(['a state 2', 'b state 2']);
});

test('after a break, what has no outcome is sent again under its key, and what is followed becomes a watch', async () => {
  await using it = await streaming(
    {
      message: (items, call) => reply(call, [accept(items[0] as WireItem)], [state('task-a', 'RUNNING', 2), chunk('task-a', 0, 3)]),
    },
    {
      message: (items, call) => {
        for (const item of items) {
          if (item.action?.$case === 'submit') reply(call, [accept(item, true)]);
          else {
            const taskId = item.action?.$case === 'watch' ? item.action.value.taskId : '';
            const task = taskMessage('RUNNING', { id: taskId, sequence: 3n, attempt: 1 });
            reply(call, [outcome(item, { $case: 'snapshot', value: task })], [chunk(taskId, 1, 4), state(taskId, 'SUCCEEDED', 5)]);
          }
        }
      },
    },
  );
  const outputs: string[] = [];
  for await (const output of it.broker.client().submitMany([submit('a', true), submit('b', true), submit('c')])) {
    outputs.push(brief(output));
    if (brief(output) === 'a chunk 3') it.broker.cut();
  }
  expect(it.received).toHaveLength(2);
  const again = it.received[1]?.flat() ?? [];
  expect(again.map((item) => [item.action?.$case, item.follow])).toEqual([
    ['watch', true],
    ['submit', false],
    ['submit', false],
    ['watch', true],
  ]);
  expect(again[0]?.action?.value).toMatchObject({ taskId: 'task-a', afterSequence: 3n });
  expect(again.slice(1, 3).map(keyOf)).toEqual(['b', 'c']);
  expect(again[3]?.action?.value).toMatchObject({ taskId: 'task-b', afterSequence: 0n });
  const of = (id: string) => outputs.filter((line) => line.startsWith(id));
  expect(of('a')).toEqual(['a accepted task-a', 'a state 2', 'a chunk 3', 'a chunk 4', 'a state 5']);
  expect(of('b')).toEqual(['b accepted task-b again', 'b snapshot 3', 'b chunk 4', 'b state 5']);
  expect(of('c')).toEqual(['c accepted task-c again']);
});

test('a followed task that ended during the break ends with its snapshot', async () => {
  await using it = await streaming(
    {
      message: (items, call) =>
        reply(
          call,
          items.map((item) => accept(item)),
          [chunk('task-a', 0, 3)],
        ),
    },
    {
      message: ([item], call) => {
        const task = taskMessage('SUCCEEDED', { id: 'task-a', sequence: 9n, attempt: 1 });
        reply(call, [outcome(item as WireItem, { $case: 'snapshot', value: task })]);
      },
    },
  );
  const outputs: string[] = [];
  for await (const output of it.broker.client().submitMany([submit('a', true)])) {
    outputs.push(brief(output));
    if (brief(output) === 'a chunk 3') it.broker.cut();
  }
  expect(outputs).toEqual(['a accepted task-a', 'a chunk 3', 'a snapshot 9']);
});

test('a second follower that comes after the end does not cut the first one short', async () => {
  await using it = await streaming({
    message: (items, call) => {
      const [first, second] = items as [WireItem, WireItem];
      const task = taskMessage('SUCCEEDED', { id: 'task-a', sequence: 9n, attempt: 1 });
      reply(call, [accept(first), outcome(second, { $case: 'snapshot', value: task }, true)], [chunk('task-a', 0, 3)]);
      reply(call, [], [state('task-a', 'SUCCEEDED', 9)]);
    },
  });
  const outputs = (await all(it.broker.client().submitMany([submit('a', true), submit('b', true)]))).map(brief);
  expect(outputs.filter((line) => line.startsWith('a'))).toEqual(['a accepted task-a', 'a chunk 3', 'a state 9']);
  expect(outputs.filter((line) => line.startsWith('b'))).toEqual(['b accepted task-a again', 'b snapshot 9']);
});

test.each([
  [status.UNAVAILABLE, ['a accepted task-a', 'a chunk 3', 'a state 4']],
  [status.OUT_OF_RANGE, ['a accepted task-a', 'a chunk 3', 'a refused OUT_OF_RANGE']],
])('a follow that breaks alone, with status %i, goes on by a watch or is refused', async (code, expected) => {
  await using it = await streaming({
    message: ([item], call) => {
      if (item?.action?.$case === 'submit') {
        reply(call, [accept(item)], [chunk('task-a', 0, 3)]);
        const error = { code, reason: '', message: 'it broke', violations: [], retryAfter: undefined };
        reply(call, [outcome(item, { $case: 'error', value: error })]);
      } else if (item?.action?.$case === 'watch') {
        expect(item.action.value).toMatchObject({ taskId: 'task-a', afterSequence: 3n });
        const task = taskMessage('RUNNING', { id: 'task-a', sequence: 3n, attempt: 1 });
        reply(call, [outcome(item, { $case: 'snapshot', value: task })], [state('task-a', 'SUCCEEDED', 4)]);
      }
    },
  });
  // The source stays open until the follow is over: a follow breaks on a stream that goes on.
  const over = Promise.withResolvers<void>();
  async function* source() {
    yield submit('a', true);
    await over.promise;
  }
  const outputs: string[] = [];
  for await (const output of it.broker.client().submitMany(source())) {
    outputs.push(brief(output));
    if (outputs.length === expected.length) over.resolve();
  }
  expect(outputs).toEqual(expected);
});

test('an item that is refused for now is sent again after the time the server names; others are refused', async () => {
  const retryAfter = { seconds: 1n, nanos: 0 };
  let asked = 0;
  await using it = await streaming({
    message: (items, call) => {
      for (const item of items) {
        const error = { code: status.RESOURCE_EXHAUSTED, reason: 'QUEUE_FULL', message: 'full', violations: [], retryAfter: undefined };
        if (keyOf(item) === 'wrong') reply(call, [outcome(item, { $case: 'error', value: error })]);
        else if (asked++ === 0) reply(call, [outcome(item, { $case: 'error', value: { ...error, retryAfter } })]);
        else reply(call, [accept(item)]);
      }
    },
  });
  const waited: number[] = [];
  const clock = { now: Date.now, random: () => 1, sleep: async (ms: number) => void waited.push(ms) };
  const outputs = await all(it.broker.client({}, { clock }).submitMany([submit('full'), submit('wrong')]));
  expect(outputs.map(brief).sort()).toEqual(['full accepted task-full', 'wrong refused RESOURCE_EXHAUSTED']);
  const refused = outputs.find(({ kind }) => kind === 'refused');
  expect(refused).toMatchObject({ error: { reason: 'QUEUE_FULL', message: 'full' } });
  expect((refused as { error: unknown }).error).toBeInstanceOf(OverloadedError);
  expect(waited).toEqual([1_000]);
});

test('an item that cannot be sent is refused alone', async () => {
  await using it = await streaming(acceptAll);
  const wrong = { submit: { model: 'm', priority: 0.5 }, correlationId: 'wrong' };
  const outputs = await all(it.broker.client().submitMany([wrong, submit('a')]));
  expect(outputs.map(brief).sort()).toEqual(['a accepted task-a', 'wrong refused INVALID_ARGUMENT']);
  expect(outputs.find(({ kind }) => kind === 'refused')).toMatchObject({ error: expect.any(InvalidRequestError) });
});

test('no more is taken from the source than may be unanswered, and every item comes through', async () => {
  let taken = 0;
  let open = 0;
  let most = 0;
  const held: (() => void)[] = [];
  let hold = true;
  await using it = await streaming({
    message: (items, call) => {
      open += items.length;
      most = Math.max(most, open);
      const answer = () => {
        open -= items.length;
        reply(
          call,
          items.map((item) => accept(item)),
        );
      };
      if (hold) held.push(answer);
      else answer();
    },
  });
  function* source() {
    for (let index = 0; index < 3_000; index++) {
      taken++;
      yield submit(String(index));
    }
  }
  const outputs = all(it.broker.client().submitMany(source()));
  await expect.poll(() => open).toBe(1_000);
  expect(taken).toBe(1_000);
  hold = false;
  for (const answer of held) answer();
  expect(await outputs).toHaveLength(3_000);
  expect(most).toBe(1_000);
});

test('a consumer that does not read stops the source', async () => {
  let taken = 0;
  await using it = await streaming(acceptAll);
  async function* source() {
    for (;;) {
      taken++;
      yield submit(String(taken));
    }
  }
  const outputs = it.broker.client().submitMany(source());
  await outputs.next();
  const counts = [-1, 0];
  const still = () => {
    counts.push(taken);
    return counts.at(-1) === counts.at(-2);
  };
  await expect.poll(still, { interval: 200 }).toBe(true);
  expect(taken).toBeLessThan(10_000);
  for (let count = 0; count < 12_000; count++) await outputs.next();
  expect(taken).toBeGreaterThan(12_000);
  await outputs.return();
});

test('a message holds about a megabyte, so that large items do not pile up in one', async () => {
  await using it = await streaming(acceptAll);
  const image = tensor.uint8([400_000], new Uint8Array(400_000));
  const items = Array.from({ length: 6 }, () => ({ submit: { model: 'm', inputs: { image } } }));
  await all(it.broker.client().submitMany(items));
  expect(it.received[0]?.map((message) => message.length)).toEqual([2, 2, 2]);
});

test('leaving the iteration cancels the stream and leaves the source', async () => {
  let left = false;
  await using it = await streaming({ ...acceptAll, stays: true });
  async function* source() {
    try {
      for (let index = 0; ; index++) yield submit(String(index));
    } finally {
      left = true;
    }
  }
  for await (const _ of it.broker.client().submitMany(source())) break;
  await expect.poll(() => left).toBe(true);
  await expect.poll(it.cancelled).toBe(1);
});

test('an abort ends the iteration', async () => {
  await using it = await streaming({ stays: true, message: () => {} });
  const abort = new AbortController();
  const outputs = all(it.broker.client().submitMany([submit('a')], { signal: abort.signal }));
  await expect.poll(() => it.received[0]?.length).toBe(1);
  abort.abort();
  await expect(outputs).rejects.toBeInstanceOf(AbortedError);
});

test('a source that throws ends the iteration with its error', async () => {
  await using it = await streaming(acceptAll);
  async function* source() {
    yield submit('a');
    throw new Error('the file is gone');
  }
  await expect(all(it.broker.client().submitMany(source()))).rejects.toThrow('the file is gone');
});

test('a stream that the server refuses for good is an error', async () => {
  await using it = await streaming({ message: (_, call) => void call.emit('error', { code: status.UNIMPLEMENTED, details: 'no' }) });
  await expect(all(it.broker.client().submitMany([submit('a')]))).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
});
