import { Metadata, status } from '@grpc/grpc-js';
import { granted } from '@inferq/core/refusal.ts';
import { StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { WatchResultRequest, type WatchResultResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { type Broker, type ViewEvent, WatchBroken, type WatchOptions, type WatchUpdate } from '@inferq/server/broker.ts';
import { failure, refusal, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

let edge: TestEdge;
afterEach(() => edge.stop());

async function start(watch: Broker['watch'], options?: Parameters<typeof startEdge>[1]): Promise<void> {
  edge = await startEdge({ watch }, options);
}

function watched(request: { afterSequence?: bigint; cancelOnDisconnect?: boolean; outputs?: { omit: boolean } } = {}) {
  return edge.broker.watchResult(WatchResultRequest.fromPartial({ taskId: 'x', ...request }));
}

async function all(stream: AsyncIterable<WatchResultResponse>): Promise<WatchResultResponse[]> {
  const messages: WatchResultResponse[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

function payload(bytes: number): Uint8Array {
  const value = new Uint8Array(bytes);
  return StoredOutput.encode({
    outputs: [{ name: 'text', datatype: 'UINT8', shape: [BigInt(bytes)], data: { $case: 'raw', value } }],
    classifications: [],
  }).finish();
}

function chunk(index: number, bytes = 1): ViewEvent {
  return { kind: 'chunk', chunk: { taskId: 'x', sequence: index + 2, time: 1_000, attempt: 1, index, payload: payload(bytes) } };
}

const done: ViewEvent = { kind: 'state', time: 2_000, view: viewOf({ state: 'succeeded', sequence: 99, attempt: 1 }) };

async function* updates(...given: WatchUpdate[]): AsyncGenerator<WatchUpdate> {
  yield* given;
}

test('a watch is the snapshot, then its events, those that are ready together in one message', async () => {
  let options: WatchOptions | undefined;
  await start(async (_id, given) => {
    options = given;
    const progress: ViewEvent = { kind: 'progress', time: 5, view: viewOf({ sequence: 9, progress: { fraction: 0.5, message: 'half' } }) };
    return granted(
      updates(
        { kind: 'snapshot', view: viewOf({ contents: true }) },
        { kind: 'events', events: [chunk(0), chunk(1), progress] },
        { kind: 'events', events: [done] },
      ),
    );
  });
  const messages = await all(watched({ afterSequence: 2n ** 62n, cancelOnDisconnect: true }));
  expect(options).toEqual({ afterSequence: Number.MAX_SAFE_INTEGER, outputs: true, cancelOnDisconnect: true });
  expect(messages.map(({ snapshot, events }) => [snapshot?.state, events.map(({ sequence }) => sequence)])).toEqual([
    [TaskState.QUEUED, []],
    [undefined, [2n, 3n, 9n]],
    [undefined, [99n]],
  ]);
  const [first, , third] = messages[1]?.events ?? [];
  expect(first).toMatchObject({ taskId: 'x', time: new Date(1_000), attempt: 1, kind: { $case: 'chunk', value: { index: 0n } } });
  expect(first?.kind?.$case === 'chunk' && first.kind.value.outputs[0]?.data).toMatchObject({ value: { uintContents: [0] } });
  expect(third?.kind).toEqual({ $case: 'progress', value: { fraction: 0.5, message: 'half' } });
  expect(messages[2]?.events[0]).toMatchObject({ kind: { $case: 'stateChanged', value: { state: TaskState.SUCCEEDED } } });
});

test('events that are large together are spread over messages of about a megabyte', async () => {
  const events = Array.from({ length: 10 }, (_, index) => chunk(index, 300_000));
  await start(async () => granted(updates({ kind: 'events', events })));
  const messages = await all(watched());
  expect(messages.map(({ events }) => events.length)).toEqual([3, 3, 3, 1]);
});

test('where outputs are omitted, chunks keep their place and come empty', async () => {
  await start(async () => granted(updates({ kind: 'events', events: [chunk(0)] })));
  const [message] = await all(watched({ outputs: { omit: true } }));
  expect(message?.events[0]?.kind).toEqual({ $case: 'chunk', value: { index: 0n, outputs: [] } });
});

test('a silent watch sends empty messages', async () => {
  let finish = (): void => undefined;
  await start(
    async () =>
      granted(
        (async function* (): AsyncGenerator<WatchUpdate> {
          yield { kind: 'snapshot', view: viewOf() };
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          yield { kind: 'events', events: [done] };
        })(),
      ),
    { silenceMs: 10 },
  );
  const messages: WatchResultResponse[] = [];
  for await (const message of watched() as AsyncIterable<WatchResultResponse>) {
    messages.push(message);
    if (messages.length === 4) finish();
  }
  expect(messages.slice(1, 4)).toEqual(Array(3).fill({ snapshot: undefined, events: [] }));
  expect(messages.at(-1)?.events).toHaveLength(1);
});

test('a watch that is refused ends with its status, and so does one that breaks', async () => {
  await start(async (id) =>
    id === 'gone'
      ? refusal('HISTORY_GONE', 'start again from 0')
      : granted(
          (async function* (): AsyncGenerator<WatchUpdate> {
            yield { kind: 'snapshot', view: viewOf() };
            if (id === 'broken') throw new WatchBroken(refusal('STORE_UNAVAILABLE', 'the store is away').refusal);
            throw new Error('a bug');
          })(),
        ),
  );
  const ending = (taskId: string) => failure(all(edge.broker.watchResult(WatchResultRequest.fromPartial({ taskId }))));
  expect(await ending('gone')).toMatchObject({ code: status.OUT_OF_RANGE, details: 'start again from 0' });
  expect(await ending('broken')).toMatchObject({ code: status.UNAVAILABLE, details: 'the store is away' });
  expect(edge.surprises).toEqual([]);
  const surprise = await ending('bug');
  expect(surprise).toMatchObject({ code: status.INTERNAL, details: `internal error, reported as ${edge.surprises[0]?.id}` });
});

test('a negative sequence is refused', async () => {
  await start(async () => granted(updates()));
  expect(await failure(all(watched({ afterSequence: -1n })))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('after_sequence'),
  });
});

test('a client that leaves fires the signal, also in the midst of a silence', async () => {
  let signal: AbortSignal | undefined;
  await start(async (_id, _options, call) => {
    signal = call.signal;
    return granted(
      (async function* (): AsyncGenerator<WatchUpdate> {
        yield { kind: 'snapshot', view: viewOf() };
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
      })(),
    );
  });
  const stream = watched();
  await new Promise((resolve) => stream.once('data', resolve));
  expect(signal?.aborted).toBe(false);
  stream.on('error', () => undefined);
  stream.cancel();
  await expect.poll(() => signal?.aborted).toBe(true);
});

test('a watch that ends well never fires the signal', async () => {
  let signal: AbortSignal | undefined;
  await start(async (_id, _options, call) => {
    signal = call.signal;
    return granted(updates({ kind: 'events', events: [done] }));
  });
  await all(watched());
  // The server has seen the end of the first call once it has answered a second one on the same connection.
  const first = signal;
  await all(watched());
  expect(first?.aborted).toBe(false);
});

test('a client that does not read holds up its own watch after a few megabytes', async () => {
  let given = 0;
  await start(async (_id, _options, call) =>
    granted(
      (async function* (): AsyncGenerator<WatchUpdate> {
        while (given < 500 && !call.signal.aborted) {
          given += 1;
          yield { kind: 'events', events: [chunk(given, 500_000)] };
        }
      })(),
    ),
  );
  const stream = edge.broker.watchResult(WatchResultRequest.fromPartial({ taskId: 'x' }), new Metadata());
  let received = 0;
  stream.on('data', () => {
    received += 1;
    if (received === 1) stream.pause();
  });
  const end = new Promise((resolve) => stream.on('end', resolve));
  await expect.poll(() => received).toBe(1);
  let before = 0;
  await expect
    .poll(
      () => {
        const still = given === before;
        before = given;
        return still;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  // The client's library takes 16 messages ahead; the rest is what the server holds.
  expect(given).toBeLessThan(16 + 8);
  stream.resume();
  await end;
  expect(received).toBe(500);
});
