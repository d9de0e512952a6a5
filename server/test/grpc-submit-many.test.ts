import { status } from '@grpc/grpc-js';
import { granted } from '@inferq/core/refusal.ts';
import { StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { SubmitManyRequest, type SubmitManyResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { TensorEncoding } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { Broker, StreamItem, StreamReply, ViewEvent } from '@inferq/server/broker.ts';
import { digits, failure, refusal, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { afterEach, expect, test } from 'vitest';

let edge: TestEdge;
afterEach(() => edge.stop());

/** A broker whose one stream answers each message with what `answer` gives, and ends after its client. */
function streaming(answer: (items: readonly StreamItem[]) => StreamReply[] | Promise<StreamReply[]>): Partial<Broker> {
  return {
    submitMany: () => {
      const queue: StreamReply[][] = [];
      let wake = (): void => undefined;
      let ended = false;
      return {
        async push(items) {
          queue.push(await answer(items));
          wake();
        },
        end() {
          ended = true;
          wake();
        },
        replies: (async function* () {
          for (;;) {
            const next = queue.shift();
            if (next !== undefined) yield next;
            else if (ended) return;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        })(),
      };
    },
  };
}

async function talk(...messages: Parameters<typeof SubmitManyRequest.fromPartial>[0][]): Promise<SubmitManyResponse[]> {
  const stream = edge.broker.submitMany();
  for (const message of messages) stream.write(SubmitManyRequest.fromPartial(message));
  stream.end();
  const replies: SubmitManyResponse[] = [];
  for await (const message of stream as AsyncIterable<SubmitManyResponse>) replies.push(message);
  return replies;
}

const stored = StoredOutput.encode({
  outputs: [
    { name: 'logits', datatype: 'INT32', shape: [1n], data: { $case: 'raw', value: new Uint8Array([3, 0, 0, 0]) } },
    { name: 'label', datatype: 'BYTES', shape: [1n], data: { $case: 'raw', value: new Uint8Array([1, 0, 0, 0, 55]) } },
  ],
  classifications: [],
}).finish();

function ended(id: string, contents: boolean): ViewEvent {
  return { kind: 'state', time: 1, view: viewOf({ id, contents, state: 'succeeded', sequence: 9 }, stored) };
}

test('items become commands, and outcomes carry the correlation ids of the client, even where several are equal', async () => {
  const seen: StreamItem[] = [];
  edge = await startEdge(
    streaming((items) => {
      seen.push(...items);
      return items.toReversed().map(({ correlationId, action }, index) => {
        if (action === 'refused') return { kind: 'refused', correlationId, refusal: refusal('INVALID_REQUEST', 'no action').refusal };
        return { kind: 'accepted', correlationId, taskId: `${action}-${index}`, duplicate: index === 1 };
      });
    }),
  );
  const [first] = await talk({
    items: [
      {
        correlationId: 'same',
        follow: true,
        action: { $case: 'submit', value: { model: 'digits', wait: { seconds: 1n }, bindToCall: true } },
      },
      { correlationId: 'same', action: { $case: 'watch', value: { taskId: 't', afterSequence: 4n, outputs: { omit: true } } } },
      { correlationId: '', action: { $case: 'cancel', value: { taskId: 'u', force: true } } },
      { correlationId: 'nothing' },
    ],
  });
  expect(seen).toMatchObject([
    { action: 'submit', follow: true, outputs: true, command: { model: 'digits' }, waitMs: 1_000, bindToCall: true },
    { action: 'watch', taskId: 't', outputs: false, options: { afterSequence: 4, outputs: false, cancelOnDisconnect: false } },
    { action: 'cancel', taskId: 'u', force: true },
    { action: 'refused', refusal: { reason: 'INVALID_REQUEST' } },
  ]);
  expect(new Set(seen.map(({ correlationId }) => correlationId)).size).toBe(4);
  expect(first?.outcomes).toMatchObject([
    { correlationId: 'nothing', result: { $case: 'error', value: { code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' } } },
    { correlationId: '', duplicate: true, result: { $case: 'taskId', value: 'cancel-1' } },
    { correlationId: 'same', duplicate: false, result: { $case: 'taskId', value: 'watch-2' } },
    { correlationId: 'same', result: { $case: 'taskId', value: 'submit-3' } },
  ]);
});

test('each followed task comes back as its own item asked for', async () => {
  edge = await startEdge({
    getModel: async () => granted(digits),
    ...streaming((items) => [
      ...items.map(({ correlationId }, index): StreamReply => ({ kind: 'accepted', correlationId, taskId: `t${index}`, duplicate: false })),
      ...items.map((_item, index): StreamReply => ({ kind: 'event', taskId: `t${index}`, event: ended(`t${index}`, index < 2) })),
    ]),
  });
  const inputs = [{ name: 'image', datatype: 'FP32', shape: [1n], data: { $case: 'contents' as const, value: { fp32Contents: [1] } } }];
  const [message] = await talk({
    items: [
      { follow: true, action: { $case: 'submit', value: { model: 'digits', inputs, outputs: { names: ['logits'] } } } },
      {
        follow: true,
        action: { $case: 'submit', value: { model: 'digits', inputs, outputs: { encoding: TensorEncoding.RAW } } },
      },
      { follow: true, action: { $case: 'submit', value: { model: 'digits', outputs: { omit: true } } } },
    ],
  });
  const outputs = message?.events.map(({ kind }) =>
    kind?.$case === 'stateChanged' ? kind.value.outputs.map(({ name, data }) => `${name} ${data?.$case}`) : 'no state',
  );
  expect(outputs).toEqual([['logits contents'], ['logits raw', 'label raw'], []]);
});

test('a watch follows its task as its own item asked for, also without follow', async () => {
  edge = await startEdge(
    streaming((items) => [
      ...items.map(({ correlationId }) => ({
        kind: 'snapshot' as const,
        correlationId,
        duplicate: false,
        view: viewOf({ id: 't', state: 'running' }),
      })),
      { kind: 'event', taskId: 't', event: { kind: 'state', time: 1, view: viewOf({ id: 't', state: 'succeeded' }, stored) } },
    ]),
  );
  const [message] = await talk({
    items: [{ correlationId: 'a', action: { $case: 'watch', value: { taskId: '00000000000000000000000000', outputs: { omit: true } } } }],
  });
  expect(message?.events.map(({ kind }) => kind?.$case === 'stateChanged' && kind.value.outputs)).toEqual([[]]);
});

test('a follow that breaks after its outcome ends with a second outcome of its item', async () => {
  edge = await startEdge(
    streaming(([item]) => {
      const { correlationId } = item as StreamItem;
      return [
        { kind: 'snapshot', correlationId, duplicate: true, view: viewOf({ id: 't', state: 'running' }) },
        { kind: 'refused', correlationId, refusal: refusal('STORE_UNAVAILABLE', 'away').refusal },
      ];
    }),
  );
  const [message] = await talk({ items: [{ correlationId: 'a', follow: true, action: { $case: 'watch', value: { taskId: 't' } } }] });
  expect(message?.outcomes.map(({ correlationId, result }) => [correlationId, result?.$case])).toEqual([
    ['a', 'snapshot'],
    ['a', 'error'],
  ]);
});

test('an item that cannot be read is refused alone', async () => {
  edge = await startEdge({
    getModel: async () => granted(digits),
    ...streaming((items) =>
      items.map((item) =>
        item.action === 'refused'
          ? { kind: 'refused', correlationId: item.correlationId, refusal: item.refusal }
          : { kind: 'accepted', correlationId: item.correlationId, taskId: 't', duplicate: false },
      ),
    ),
  });
  const [message] = await talk({
    items: [
      { correlationId: 'a', action: { $case: 'submit', value: { model: 'digits', resultTtl: { nanos: 2_000_000_000 } } } },
      { correlationId: 'b', action: { $case: 'submit', value: { model: 'digits', outputs: { names: ['nope'] } } } },
      { correlationId: 'c', action: { $case: 'submit', value: { model: 'digits', outputs: { encoding: 77 as TensorEncoding } } } },
      { correlationId: 'x'.repeat(257), action: { $case: 'submit', value: { model: 'digits' } } },
      { correlationId: 'd', action: { $case: 'submit', value: { model: 'digits' } } },
    ],
  });
  const fields = message?.outcomes.map(({ result }) => (result?.$case === 'error' ? result.value.violations[0]?.field : result?.$case));
  expect(fields).toEqual(['result_ttl', 'outputs.names', 'outputs.encoding', 'correlation_id', 'taskId']);
  // A reply must not carry megabytes back.
  expect(message?.outcomes[3]?.correlationId).toBe(`${'x'.repeat(61)}...`);
});

test('no message is read before the broker has taken the one before, whatever lies ready', async () => {
  let pushed = 0;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  edge = await startEdge(
    streaming(async (items) => {
      pushed += 1;
      await held;
      return items.map(({ correlationId }) => ({ kind: 'accepted', correlationId, taskId: 't', duplicate: false }));
    }),
  );
  const message = { items: [{ action: { $case: 'submit' as const, value: { model: 'm' } } }] };
  const talking = talk(...Array.from({ length: 50 }, () => message));
  await expect.poll(() => pushed).toBe(1);
  const stored = await failure(new Promise((_resolve, reject) => edge.broker.cancel({ taskId: 'x', force: false }, reject)));
  expect(stored.code).toBe(status.INTERNAL);
  expect(pushed).toBe(1);
  release();
  expect((await talking).flatMap(({ outcomes }) => outcomes)).toHaveLength(50);
});

test('a message that is still being taken when its client ends the stream has its outcomes all the same', async () => {
  edge = await startEdge(
    streaming(async (items) => {
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
      return items.map(({ correlationId }) => ({ kind: 'accepted', correlationId, taskId: 't', duplicate: false }));
    }),
  );
  const item = { correlationId: 'last', action: { $case: 'cancel' as const, value: { taskId: 't' } } };
  const outcomes = (await talk({ items: [item] }, { items: [item] })).flatMap((reply) => reply.outcomes);
  expect(outcomes.map(({ correlationId }) => correlationId)).toEqual(['last', 'last']);
});

test('large messages wait in their client, not here, while the broker takes none', async () => {
  edge = await startEdge(streaming(() => new Promise(() => undefined)));
  const stream = edge.broker.submitMany();
  stream.on('error', () => undefined);
  const message = SubmitManyRequest.fromPartial({ items: [{ correlationId: 'x'.repeat(4_000_000) }] });
  let sent = 0;
  for (let count = 0; count < 30; count++) stream.write(message, () => sent++);
  await expect.poll(() => sent, { timeout: 10_000 }).toBeGreaterThan(0);
  let before = -1;
  const still = () => {
    const same = sent === before;
    before = sent;
    return same;
  };
  await expect.poll(still, { interval: 300, timeout: 10_000 }).toBe(true);
  expect(sent).toBeLessThan(8);
  stream.cancel();
});

test('a broker that throws ends the stream as a surprise', async () => {
  edge = await startEdge(
    streaming(() => {
      throw new Error('a bug');
    }),
  );
  const wrong = await failure(talk({ items: [{}] }));
  expect(wrong.code).toBe(status.INTERNAL);
  expect(edge.surprises).toMatchObject([{ method: 'SubmitMany', error: new Error('a bug') }]);
});

test('a stop ends a stream with its status after the reply that is being written', async () => {
  const raw = new Uint8Array(1_000_000);
  const output = StoredOutput.encode({
    outputs: [{ name: 'logits', datatype: 'UINT8', shape: [1_000_000n], data: { $case: 'raw', value: raw } }],
    classifications: [],
  }).finish();
  const view = viewOf({ state: 'succeeded' }, output);
  const answered = Promise.withResolvers<void>();
  edge = await startEdge(
    streaming((items) => {
      setImmediate(() => answered.resolve());
      return items.map(({ correlationId }) => ({ kind: 'snapshot', correlationId, view, duplicate: false }));
    }),
  );
  const stream = edge.broker.submitMany();
  stream.write(SubmitManyRequest.fromPartial({ items: [{ action: { $case: 'watch', value: { taskId: 't' } } }] }));
  await answered.promise;
  const stopped = edge.server.stop(10_000);
  const replies: SubmitManyResponse[] = [];
  const end = await failure(
    (async () => {
      for await (const message of stream as AsyncIterable<SubmitManyResponse>) replies.push(message);
    })(),
  );
  expect(end).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('shutting down') });
  expect(replies).toHaveLength(1);
  await stopped;
});
