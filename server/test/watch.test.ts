import { isTerminal } from '@inferq/core/task.ts';
import { newTaskId } from '@inferq/core/task-id.ts';
import { type ViewEvent, WatchBroken, type WatchOptions, type WatchUpdate } from '@inferq/server/broker.ts';
import { beforeEach, expect, test, vi } from 'vitest';
import { grantedValue, openCall, refusalOf, startBroker, startTime, type TestBroker } from './support/broker.ts';

const id = newTaskId(startTime - 1_000, 0, new Uint8Array(14));
const options: WatchOptions = { afterSequence: 0, outputs: true, cancelOnDisconnect: false };
let t: TestBroker;
beforeEach(() => {
  t = startBroker();
});

/** What a watch told, in short: `chunk 2.0 b` is chunk 0 of attempt 2 with payload b. */
function told(event: ViewEvent): string {
  if (event.kind === 'chunk') return `chunk ${event.chunk.attempt}.${event.chunk.index} ${Buffer.from(event.chunk.payload)}`;
  const { snapshot, output } = event.view;
  return `${event.kind} ${snapshot.state}${output === undefined ? '' : ` ${output.length > 99 ? output.length : Buffer.from(output)}`}`;
}

class Watcher {
  readonly told: string[] = [];
  readonly sequences: number[] = [];
  readonly ended: Promise<void>;
  error: unknown;

  constructor(updates: AsyncIterable<WatchUpdate>) {
    this.ended = this.#read(updates);
  }

  async #read(updates: AsyncIterable<WatchUpdate>): Promise<void> {
    try {
      for await (const update of updates) {
        if (update.kind === 'snapshot') {
          this.told.push(`first ${update.view.snapshot.state}`);
          this.sequences.push(update.view.snapshot.sequence);
        } else {
          this.told.push(...update.events.map(told));
          this.sequences.push(
            ...update.events.map((event) => (event.kind === 'chunk' ? event.chunk.sequence : event.view.snapshot.sequence)),
          );
        }
      }
    } catch (error) {
      this.error = error;
    }
    for (const [index, sequence] of this.sequences.entries())
      if (index > 0) expect(sequence).toBeGreaterThan(this.sequences[index - 1] as number);
  }
}

async function watch(changes: Partial<WatchOptions> = {}, call = openCall().call): Promise<Watcher> {
  return new Watcher(grantedValue(await t.broker.watch(id, { ...options, ...changes }, call)));
}

test('a watch tells the task as it stands, then every step, and ends with the end', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.change(id, { progress: { fraction: 0.5, message: '' } });
  t.queue.emit(id, 'b');
  t.queue.succeed(id, Buffer.from('ab'));
  await watcher.ended;
  expect(watcher.told).toEqual([
    ...['first queued', 'state running', 'chunk 1.0 a', 'progress running', 'chunk 1.1 b', 'state succeeded ab'],
  ]);
  expect(t.queue.callsOf('inspect')).toHaveLength(1);
  expect(t.queue.callsOf('unwatch')).toHaveLength(0);
});

test('what happens between the script and its reply is told once', async () => {
  t.queue.create(id);
  const release = t.queue.hold('inspect');
  const begun = watch();
  await vi.waitUntil(() => t.queue.watchers.has(id));
  t.queue.start(id);
  t.queue.emit(id, 'a');
  release();
  const watcher = await begun;
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'state running', 'chunk 1.0 a', 'state succeeded done']);
});

test('a message that the snapshot already holds is dropped', async () => {
  t.queue.create(id);
  t.queue.start(id);
  t.queue.watchers.add(id);
  const begun = watch();
  const running = t.queue.records.get(id);
  if (running !== undefined) t.queue.publish(id, [{ kind: 'snapshot', snapshot: running, time: 1 }]);
  const watcher = await begun;
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first running', 'state succeeded done']);
});

test.each([
  ['a running task', false],
  ['a task that has ended', true],
])('after_sequence 0 replays the current attempt of %s before its state', async (_what, ended) => {
  t.queue.create(id);
  for (const text of ['old', 'a', 'b']) {
    if (text !== 'b') t.queue.start(id);
    t.queue.emit(id, text);
  }
  if (ended) t.queue.succeed(id);
  const watcher = await watch();
  if (!ended) t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first running', 'chunk 2.0 a', 'chunk 2.1 b', 'state succeeded done']);
});

test('a resumed watch gets what lies behind its sequence, and nothing else', async () => {
  t.queue.create(id);
  t.queue.start(id);
  for (const text of ['a', 'b', 'c']) t.queue.emit(id, text);
  const watcher = await watch({ afterSequence: 3 });
  t.queue.emit(id, 'd');
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first running', 'chunk 1.1 b', 'chunk 1.2 c', 'chunk 1.3 d', 'state succeeded done']);
});

test('a sequence above that of the record gets the current state', async () => {
  t.queue.create(id);
  t.queue.start(id);
  t.queue.emit(id, 'a');
  const watcher = await watch({ afterSequence: 1_000 });
  t.queue.emit(id, 'b');
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first running', 'chunk 1.1 b', 'state succeeded done']);
});

test('a terminal task without chunks is its snapshot and nothing more', async () => {
  t.queue.create(id);
  t.queue.succeed(id);
  const watcher = await watch();
  await watcher.ended;
  expect(watcher.told).toEqual(['first succeeded']);
});

test('lost chunks are read from the log before the next one is told', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.start(id);
  t.queue.deaf = true;
  t.queue.emit(id, 'a');
  t.queue.emit(id, 'b');
  t.queue.deaf = false;
  t.queue.emit(id, 'c');
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told.filter((text) => text.startsWith('chunk'))).toEqual(['chunk 1.0 a', 'chunk 1.1 b', 'chunk 1.2 c']);
  expect(watcher.told.at(-1)).toBe('state succeeded done');
});

test('chunks lost just before the end come before the terminal event', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.start(id);
  t.queue.deaf = true;
  t.queue.emit(id, 'a');
  t.queue.deaf = false;
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'state running', 'chunk 1.0 a', 'state succeeded done']);
});

test('chunks of an attempt that was lost altogether are void, and the new ones start at 0', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.start(id);
  t.queue.emit(id, 'x');
  t.queue.deaf = true;
  t.queue.emit(id, 'y');
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.deaf = false;
  t.queue.emit(id, 'b');
  t.queue.succeed(id);
  await watcher.ended;
  expect(watcher.told.filter((text) => text.startsWith('chunk'))).toEqual(['chunk 1.0 x', 'chunk 2.0 a', 'chunk 2.1 b']);
});

test('what was missed while the inbox was cut off is told after it is back', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.deaf = true;
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.succeed(id);
  t.queue.resume();
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'chunk 1.0 a', 'state succeeded done']);
});

test('a watch outlives a store that cannot be reached for a while', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.failing.add('inspect');
  t.queue.deaf = true;
  t.queue.succeed(id);
  t.queue.resume();
  await vi.waitUntil(() => t.clock.pending > 0);
  t.queue.failing.clear();
  t.clock.pass(1_000);
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'state succeeded done']);
});

test('a wake-up is followed by reading the task', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.deaf = true;
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.succeed(id, new Uint8Array(300_000));
  t.queue.deaf = false;
  t.queue.publish(id, [{ kind: 'wake', id }]);
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'chunk 1.0 a', 'state succeeded 300000']);
});

test('a wake-up that comes while the task is being read is not lost', async () => {
  t.queue.create(id);
  const watcher = await watch();
  const release = t.queue.hold('inspect');
  t.queue.publish(id, [{ kind: 'wake', id }]);
  await vi.waitUntil(() => t.queue.callsOf('inspect').length === 2);
  t.queue.deaf = true;
  t.queue.succeed(id);
  t.queue.deaf = false;
  t.queue.publish(id, [{ kind: 'wake', id }]);
  release();
  await watcher.ended;
  expect(watcher.told.at(-1)).toBe('state succeeded done');
});

test('outputs that were not asked for are neither read nor told', async () => {
  t.queue.create(id);
  const watcher = await watch({ outputs: false });
  t.queue.succeed(id, new Uint8Array(300_000));
  await watcher.ended;
  expect(watcher.told).toEqual(['first queued', 'state succeeded']);
  expect(t.queue.callsOf('readOutput')).toHaveLength(0);
});

test('a slow reader misses no chunk, and little waits for him', async () => {
  t.queue.create(id);
  t.queue.start(id);
  const updates = grantedValue(await t.broker.watch(id, options, openCall().call))[Symbol.asyncIterator]();
  await updates.next();
  const texts = Array.from({ length: 2_000 }, (_, index) => `${index}`.padEnd(100, '.'));
  for (const text of texts) t.queue.emit(id, text);
  t.queue.succeed(id);
  const read: ViewEvent[] = [];
  let most = 0;
  for (let update = await updates.next(); !update.done; update = await updates.next()) {
    if (update.value.kind !== 'events') continue;
    most = Math.max(most, update.value.events.length);
    read.push(...update.value.events);
    await new Promise(setImmediate);
  }
  expect(read.filter((event) => event.kind === 'chunk').map(({ chunk }) => Buffer.from(chunk.payload).toString())).toEqual(texts);
  expect(read.at(-1)).toMatchObject({ kind: 'state', view: { snapshot: { state: 'succeeded' } } });
  expect(most).toBeLessThan(1_000);
});

test('history that is gone is said so, and not skipped', async () => {
  t.queue.create(id);
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.logs.delete(id);
  const watcher = await watch();
  await watcher.ended;
  expect(watcher.error).toBeInstanceOf(WatchBroken);
  expect((watcher.error as WatchBroken).refusal.reason).toBe('HISTORY_GONE');
});

test('the chunks of an ignored result that has ended are not asked for', async () => {
  t.queue.create(id, { ignoreResult: true });
  t.queue.start(id);
  t.queue.emit(id, 'a');
  t.queue.change(id, { state: 'succeeded' });
  t.queue.logs.delete(id);
  const watcher = await watch();
  await watcher.ended;
  expect(watcher.told).toEqual(['first succeeded']);
});

test('a record that goes while it is watched ends the watch with a sentence', async () => {
  t.queue.create(id);
  const watcher = await watch();
  t.queue.records.delete(id);
  t.queue.resume();
  await watcher.ended;
  expect((watcher.error as WatchBroken).refusal.reason).toBe('RESULT_EXPIRED');
});

test.each([
  ['nonsense{}', /^"nonsense\{\}" is not a task id: an id has 26 characters of .*, such as [0-9a-z]{26}\.$/],
  [id.slice(1), /is not a task id/],
  [` ${id.toUpperCase()}`, new RegExp(`is not a task id.* Did you mean "${id}"\\?$`)],
  [id, /^Task .* is unknown or has expired/],
])('the id %j names no task', async (unknown, sentence) => {
  const refusal = { reason: 'TASK_NOT_FOUND', message: expect.stringMatching(sentence) };
  expect(refusalOf(await t.broker.watch(unknown, options, openCall().call))).toMatchObject(refusal);
  expect(refusalOf(await t.broker.getResult(unknown, { outputs: true }, openCall().call))).toMatchObject(refusal);
  expect(refusalOf(await t.broker.cancel(unknown, false))).toMatchObject(refusal);
});

test.each([-1, 0.5, Number.NaN])('after_sequence %d is refused', async (afterSequence) => {
  const refusal = refusalOf(await t.broker.watch(id, { ...options, afterSequence }, openCall().call));
  expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', violations: [{ field: 'after_sequence' }] });
});

test('a store that cannot be reached is a refusal with a hint', async () => {
  t.queue.failing.add('inspect');
  expect(refusalOf(await t.broker.watch(id, options, openCall().call))).toMatchObject({ reason: 'STORE_UNAVAILABLE', retryAfterMs: 1_000 });
});

test('the last watcher that leaves takes the inbox off the task', async () => {
  t.queue.create(id);
  const [one, other] = [openCall(), openCall()];
  const watchers = [await watch({}, one.call), await watch({}, other.call)];
  one.leave();
  await watchers[0]?.ended;
  await new Promise(setImmediate);
  expect(t.queue.watchers.has(id)).toBe(true);
  other.leave();
  await vi.waitUntil(() => !t.queue.watchers.has(id));
});

test('a watch that comes in the tick in which the last one leaves still hears of the task', async () => {
  t.queue.create(id);
  const { call, leave } = openCall();
  const first = await watch({}, call);
  // Its script call is on the way already when the last watcher leaves, and the new one joins it.
  const elsewhere = t.broker.watch(newTaskId(startTime - 2_000, 0, new Uint8Array(14)), options, openCall().call);
  leave();
  const second = await watch();
  await Promise.all([first.ended, elsewhere]);
  await new Promise(setImmediate);
  t.queue.succeed(id);
  await second.ended;
  expect(second.told).toEqual(['first queued', 'state succeeded done']);
});

test('cancel_on_disconnect cancels for a client that leaves', async () => {
  t.queue.create(id);
  const { call, leave } = openCall();
  const watcher = await watch({ cancelOnDisconnect: true }, call);
  leave();
  await watcher.ended;
  await vi.waitUntil(() => t.queue.records.get(id)?.state === 'cancelled');
});

test('cancel_on_disconnect does not cancel for a server that stops, nor after the end', async () => {
  t.queue.create(id);
  const { call, leave } = openCall();
  const watcher = await watch({ cancelOnDisconnect: true }, call);
  t.broker.stop();
  await watcher.ended;
  leave();
  expect((watcher.error as WatchBroken).refusal.reason).toBe('SHUTTING_DOWN');
  expect(t.queue.callsOf('cancel')).toEqual([]);
  expect(isTerminal(t.queue.records.get(id)?.state ?? 'failed')).toBe(false);
});

test('many watches share one script call, before and after an interruption', async () => {
  const ids = Array.from({ length: 1_500 }, (_, index) => newTaskId(startTime - 1_500 + index, 0, new Uint8Array(14)));
  for (const one of ids) t.queue.create(one);
  const watchers = await Promise.all(
    ids.map(async (one) => new Watcher(grantedValue(await t.broker.watch(one, options, openCall().call)))),
  );
  expect(t.queue.callsOf('inspect').map(([asked]) => (asked as string[]).length)).toEqual([1_000, 500]);
  t.queue.deaf = true;
  for (const one of ids) t.queue.succeed(one);
  t.queue.resume();
  await Promise.all(watchers.map(({ ended }) => ended));
  expect(watchers.every(({ told }) => told.at(-1) === 'state succeeded done')).toBe(true);
  expect(t.queue.callsOf('inspect')).toHaveLength(4);
});
