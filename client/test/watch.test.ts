import { setTimeout } from 'node:timers/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { WatchResultRequest, WatchResultResponse } from '../../proto/gen/inferq/v1/broker.ts';
import { TaskEvent } from '../../proto/gen/inferq/v1/event.ts';
import type { TaskState } from '../../proto/gen/inferq/v1/task.ts';
import { AbortedError, NotFoundError, texts, UnavailableError, type WatchEvent } from '../index.ts';
import { all, fakeBroker, taskMessage } from './fake-broker.ts';

type Call = ServerWritableStream<WatchResultRequest, WatchResultResponse>;
type Response = WatchResultResponse | 'end' | 'hang' | { fail: number };

/** A broker whose n-th watch sends the n-th list. */
async function watched(...streams: Response[][]) {
  const requests: WatchResultRequest[] = [];
  let cancelled = 0;
  const broker = await fakeBroker({
    watchResult: async (call: Call) => {
      call.on('cancelled', () => cancelled++);
      const script = streams[requests.length] ?? ['hang'];
      requests.push(call.request);
      for (const step of script) {
        if (step === 'end') call.end();
        else if (step === 'hang') return;
        else if ('fail' in step) call.emit('error', { code: step.fail, details: 'scripted' });
        else call.write(step);
      }
    },
  });
  return { broker, requests, cancelled: () => cancelled, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

function snapshot(state: keyof typeof TaskState, sequence: number, attempt = 1): WatchResultResponse {
  return { snapshot: taskMessage(state, { sequence: BigInt(sequence), attempt }), events: [] };
}

function state(name: keyof typeof TaskState, sequence: number, attempt = 1): TaskEvent {
  const value = taskMessage(name, { sequence: BigInt(sequence), attempt });
  return TaskEvent.create({ taskId: 't1', sequence: BigInt(sequence), attempt, kind: { $case: 'stateChanged', value } });
}

function chunk(text: string, index: number, sequence: number, attempt = 1): TaskEvent {
  const raw = Buffer.concat([Buffer.from([text.length, 0, 0, 0]), Buffer.from(text)]);
  const outputs = [{ name: 'text', datatype: 'BYTES', shape: [1n], data: { $case: 'raw' as const, value: raw } }];
  const kind = { $case: 'chunk' as const, value: { index: BigInt(index), outputs } };
  return TaskEvent.create({ taskId: 't1', sequence: BigInt(sequence), attempt, kind });
}

const events = (...list: TaskEvent[]): WatchResultResponse => ({ snapshot: undefined, events: list });
const empty = events();

function brief(event: WatchEvent): string {
  switch (event.kind) {
    case 'snapshot':
    case 'state':
      return `${event.kind} ${event.task.state} ${event.sequence}`;
    case 'chunk':
      return `chunk ${texts(event.outputs.text as never)} ${event.sequence}`;
    case 'progress':
      return `progress ${event.progress.fraction} ${event.sequence}`;
    case 'restarted':
      return `restarted ${event.attempt}`;
  }
}

/** Everything a watch yields, in brief; the connection is cut when the consumer has seen what `cutAfter` names. */
async function seenOf(it: Awaited<ReturnType<typeof watched>>, ...cutAfter: string[]): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of it.broker.client().watch('t1')) {
    seen.push(brief(event));
    if (cutAfter.includes(brief(event))) it.broker.cut();
  }
  return seen;
}

test('a watch yields the snapshot, then each event, and ends with the terminal one; empty messages are swallowed', async () => {
  const progress = TaskEvent.create({
    taskId: 't1',
    sequence: 4n,
    attempt: 1,
    kind: { $case: 'progress', value: { fraction: 0.5, message: '' } },
  });
  await using it = await watched([
    snapshot('QUEUED', 1, 0),
    empty,
    events(state('RUNNING', 2), chunk('a', 0, 3)),
    events(progress),
    empty,
    events(state('SUCCEEDED', 5)),
    'hang',
  ]);
  const seen = await all(it.broker.client().watch('t1'));
  expect(seen.map(brief)).toEqual(['snapshot QUEUED 1', 'state RUNNING 2', 'chunk a 3', 'progress 0.5 4', 'state SUCCEEDED 5']);
  expect(it.requests).toEqual([{ taskId: 't1', afterSequence: 0n, outputs: undefined, cancelOnDisconnect: false }]);
  expect(JSON.parse(JSON.stringify(seen[2]))).toMatchObject({ kind: 'chunk', taskId: 't1', sequence: '3' });
});

test('a watch whose connection is cut resumes after the last event, and yields nothing twice', async () => {
  await using it = await watched(
    [snapshot('RUNNING', 0), events(chunk('a', 0, 3), chunk('b', 1, 4)), 'hang'],
    [snapshot('RUNNING', 4), events(chunk('b', 1, 4), chunk('c', 2, 5)), { fail: status.UNAVAILABLE }],
    [snapshot('RUNNING', 5), events(state('SUCCEEDED', 10)), 'end'],
  );
  const seen = await seenOf(it, 'chunk b 4');
  expect(seen).toEqual(['snapshot RUNNING 0', 'chunk a 3', 'chunk b 4', 'chunk c 5', 'state SUCCEEDED 10']);
  expect(it.requests.map(({ afterSequence }) => afterSequence)).toEqual([0n, 4n, 5n]);
});

test('a snapshot is shown again only where something changed meanwhile', async () => {
  await using it = await watched(
    [snapshot('QUEUED', 1, 0), { fail: status.UNAVAILABLE }],
    [snapshot('QUEUED', 1, 0), { fail: status.UNAVAILABLE }],
    [snapshot('RUNNING', 2), events(state('FAILED', 3))],
  );
  expect((await all(it.broker.client().watch('t1'))).map(brief)).toEqual(['snapshot QUEUED 1', 'snapshot RUNNING 2', 'state FAILED 3']);
});

test('a task that ended during the break is over with its snapshot', async () => {
  await using it = await watched([snapshot('RUNNING', 2), events(chunk('a', 0, 3)), 'hang'], [snapshot('SUCCEEDED', 4), 'hang']);
  expect(await seenOf(it, 'chunk a 3')).toEqual(['snapshot RUNNING 2', 'chunk a 3', 'snapshot SUCCEEDED 4']);
});

test('a watch of an ended task is over with its snapshot', async () => {
  await using it = await watched([snapshot('EXPIRED', 6), 'hang']);
  expect(await seenOf(it)).toEqual(['snapshot EXPIRED 6']);
});

test('a higher attempt is announced before its first event, also where a reconnect brings it', async () => {
  await using it = await watched(
    [snapshot('RUNNING', 2), events(chunk('a', 0, 3), state('SCHEDULED', 4), state('RUNNING', 5, 2), chunk('A', 0, 6, 2)), 'hang'],
    [snapshot('RUNNING', 8, 3), events(chunk('x', 0, 9, 3), state('SUCCEEDED', 10, 3))],
  );
  expect(await seenOf(it, 'chunk A 6')).toEqual([
    'snapshot RUNNING 2',
    'chunk a 3',
    'state SCHEDULED 4',
    'restarted 2',
    'state RUNNING 5',
    'chunk A 6',
    'restarted 3',
    'snapshot RUNNING 8',
    'chunk x 9',
    'state SUCCEEDED 10',
  ]);
});

test('the first start of a task is no restart', async () => {
  await using it = await watched([snapshot('QUEUED', 1, 0), events(state('RUNNING', 2, 1), state('SUCCEEDED', 3, 1))]);
  expect((await all(it.broker.client().watch('t1'))).map(({ kind }) => kind)).toEqual(['snapshot', 'state', 'state']);
});

test('a store that lost its last moments is believed', async () => {
  await using it = await watched(
    [snapshot('RUNNING', 9), events(chunk('a', 0, 20)), 'hang'],
    [snapshot('QUEUED', 12, 1), events(state('RUNNING', 13, 2), state('SUCCEEDED', 14, 2))],
  );
  const seen = await seenOf(it, 'chunk a 20');
  expect(seen.slice(2)).toEqual(['snapshot QUEUED 12', 'restarted 2', 'state RUNNING 13', 'state SUCCEEDED 14']);
});

test('a stream that falls silent is reopened', async () => {
  await using it = await watched([snapshot('RUNNING', 2), 'hang'], [snapshot('RUNNING', 2), events(state('SUCCEEDED', 3))]);
  const seen = await all(it.broker.client({}, { silenceMs: 100 }).watch('t1'));
  expect(seen.map(brief)).toEqual(['snapshot RUNNING 2', 'state SUCCEEDED 3']);
  expect(it.requests).toHaveLength(2);
  await expect.poll(it.cancelled).toBe(2);
});

test('empty messages keep a quiet watch open', async () => {
  let watches = 0;
  await using broker = await fakeBroker({
    watchResult: async (call: Call) => {
      watches++;
      call.write(snapshot('RUNNING', 2));
      for (let count = 0; count < 8; count++) {
        await setTimeout(100);
        call.write(empty);
      }
      call.write(events(state('SUCCEEDED', 3)));
      call.end();
    },
  });
  const seen = await all(broker.client({}, { silenceMs: 500 }).watch('t1'));
  expect(seen.map(brief)).toEqual(['snapshot RUNNING 2', 'state SUCCEEDED 3']);
  expect(watches).toBe(1);
});

test('a server that ends the stream before the task is asked again', async () => {
  await using it = await watched([snapshot('RUNNING', 2), 'end'], [events(state('SUCCEEDED', 3))]);
  expect((await all(it.broker.client().watch('t1'))).map(brief)).toEqual(['snapshot RUNNING 2', 'state SUCCEEDED 3']);
});

test('an unknown task is an error at once', async () => {
  await using it = await watched([{ fail: status.NOT_FOUND }]);
  await expect(all(it.broker.client().watch('t1'))).rejects.toBeInstanceOf(NotFoundError);
  expect(it.requests).toHaveLength(1);
});

test('a server that stays away ends the watch when its patience does', async () => {
  await using it = await watched([snapshot('RUNNING', 2), 'hang']);
  const client = it.broker.client({ retry: { outageMs: 200 } });
  const watch = client.watch('t1');
  expect((await watch.next()).value).toMatchObject({ kind: 'snapshot' });
  it.broker.refuse(true);
  await expect(all(watch)).rejects.toBeInstanceOf(UnavailableError);
});

test('leaving the iteration cancels the call', async () => {
  await using it = await watched([snapshot('RUNNING', 2), 'hang']);
  for await (const _ of it.broker.client().watch('t1', { cancelOnDisconnect: true, afterSequence: 1 })) break;
  await expect.poll(it.cancelled).toBe(1);
  expect(it.requests[0]).toMatchObject({ cancelOnDisconnect: true, afterSequence: 1n });
});

test('an abort ends the iteration', async () => {
  await using it = await watched([snapshot('RUNNING', 2), 'hang']);
  const abort = new AbortController();
  const watch = it.broker.client().watch('t1', { signal: abort.signal });
  await watch.next();
  abort.abort();
  await expect(watch.next()).rejects.toBeInstanceOf(AbortedError);
  await expect.poll(it.cancelled).toBe(1);
});
