/** What a lost message costs: whoever waits for a task reads its record by itself every 30 s. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StreamReply, WatchUpdate } from '../broker.ts';
import { commandOf, grantedValue, openCall, startBroker, type TestBroker } from './support/broker.ts';

const id = '01h00000000000000000000000';
const seconds = 30;
let t: TestBroker;

beforeEach(() => {
  t = startBroker();
  t.queue.create(id);
  t.queue.deaf = true;
});
afterEach(() => t.broker.stop());

/** Lets so many seconds pass, one by one, as the clock's ticks are. */
function pass(count: number): void {
  for (let second = 0; second < count; second++) t.clock.pass(1_000);
}

/** How often the record was read; the hub reads with the tasks of one tick in one call. */
function reads(): number {
  return t.queue.callsOf('inspect').length;
}

async function endsBehind(what: Promise<unknown>): Promise<boolean> {
  let ended = false;
  void what.then(() => {
    ended = true;
  });
  const before = reads();
  pass(seconds - 1);
  await new Promise(setImmediate);
  if (ended || reads() !== before) throw new Error('it looked too early');
  pass(1);
  await what;
  return ended;
}

test('a watch whose last message is lost ends 30 s later at the latest', async () => {
  const updates = grantedValue(await t.broker.watch(id, { afterSequence: 0, outputs: true, cancelOnDisconnect: false }, openCall().call));
  const seen: WatchUpdate[] = [];
  const ended = (async () => {
    for await (const update of updates) seen.push(update);
  })();
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.succeed(id);
  expect(await endsBehind(ended)).toBe(true);
  const kinds = seen.flatMap((update) => (update.kind === 'events' ? update.events.map(({ kind }) => kind) : ['first']));
  expect(kinds).toEqual(['first', 'chunk', 'state']);
});

test('a wait whose message is lost ends 30 s later at the latest, of a new task and of an old one', async () => {
  const options = { bindToCall: false, outputs: true, waitMs: 60_000 };
  const [fresh, old] = [t.broker.submit(commandOf(), options, openCall().call), t.broker.getResult(id, options, openCall().call)];
  const task = await vi.waitUntil(() => [...t.queue.records.keys()].find((one) => one !== id));
  // The hub's timer, and one for each wait.
  await vi.waitUntil(() => t.clock.pending === 3);
  for (const one of [id, task]) {
    t.queue.start(one);
    t.queue.succeed(one);
  }
  expect(await endsBehind(Promise.all([fresh, old]))).toBe(true);
  expect(grantedValue(await fresh).task?.snapshot.state).toBe('succeeded');
  expect(grantedValue(await old).snapshot.state).toBe('succeeded');
});

test('a task that a stream follows ends there 30 s after its message was lost', async () => {
  const stream = t.broker.submitMany(openCall().call);
  await stream.push([
    {
      action: 'watch',
      correlationId: 'a',
      follow: true,
      outputs: true,
      taskId: id,
      options: { afterSequence: 0, outputs: true, cancelOnDisconnect: false },
    },
  ]);
  stream.end();
  const replies: StreamReply[] = [];
  const ended = (async () => {
    for await (const some of stream.replies) replies.push(...some);
  })();
  await vi.waitUntil(() => replies.length === 1);
  t.queue.start(id);
  t.queue.succeed(id);
  expect(await endsBehind(ended)).toBe(true);
});

test('nothing is read where nobody waits', async () => {
  const { call, leave } = openCall();
  grantedValue(await t.broker.watch(id, { afterSequence: 0, outputs: true, cancelOnDisconnect: false }, call));
  leave();
  const before = reads();
  pass(2 * seconds);
  await new Promise(setImmediate);
  expect(reads()).toBe(before);
  expect(t.clock.pending).toBe(0);
});
