/** What callers are told, and what becomes of watches and waits, where the store refuses or fails in an unexpected way. */

import { StoreError } from '@inferq/core/store-error.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WatchBroken } from '../broker.ts';
import { commandOf, grantedValue, openCall, refusalOf, startBroker, type TestBroker } from './support/broker.ts';

const id = '01h00000000000000000000000';
const other = '01h00000000000000000000001';
const options = { bindToCall: false, outputs: true };
const watching = { afterSequence: 0, outputs: true, cancelOnDisconnect: true };
const refusing = new StoreError('refusing', 'NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.');
const fault = Object.assign(new StoreError('fault', 'WRONGTYPE', 'WRONGTYPE Operation against a key'), { logId: 'id-in-the-log' });
let t: TestBroker;

beforeEach(() => {
  t = startBroker();
  t.queue.create(id);
});
afterEach(() => t.broker.stop());

function fail(error: StoreError): void {
  t.queue.failure = error;
  for (const method of ['submit', 'inspect', 'cancel', 'unbind', 'listDeadLetters'] as const) t.queue.failing.add(method);
}

async function refusals() {
  const outcomes = [
    await t.broker.submit(commandOf(), options, openCall().call),
    await t.broker.submit(commandOf(), { ...options, waitMs: 1_000 }, openCall().call),
    await t.broker.getResult(id, { outputs: true }, openCall().call),
    await t.broker.getResult(id, { outputs: true, waitMs: 1_000 }, openCall().call),
    await t.broker.watch(id, watching, openCall().call),
    await t.broker.cancel(id, false),
    await t.broker.listDeadLetters({}, 10, ''),
  ];
  return outcomes.map(refusalOf);
}

test('a store that refuses is a reason of its own, without its words', async () => {
  fail(refusing);
  for (const refusal of await refusals()) {
    expect(refusal).toMatchObject({ reason: 'STORE_REFUSING', message: expect.stringContaining('NOREPLICAS'), retryAfterMs: 1_000 });
    expect(refusal.message).not.toContain('good replicas');
  }
});

test('an unexpected error names its line in the log, and not to try again', async () => {
  fail(fault);
  for (const refusal of await refusals()) {
    expect(refusal).toEqual({ reason: 'STORE_FAULT', message: expect.stringContaining('reported as id-in-the-log'), violations: [] });
    expect(refusal.message).not.toContain('WRONGTYPE');
  }
});

test('a task that cannot be read does not spoil the reads of others in the same tick', async () => {
  t.queue.create(other);
  const { inspect } = t.queue;
  vi.spyOn(t.queue, 'inspect').mockImplementation(
    async (ids: readonly string[], watchBy?: string): Promise<(TaskSnapshot | undefined)[]> => {
      if (ids.includes(id)) throw fault;
      return inspect.call(t.queue, ids, watchBy);
    },
  );
  const [broken, whole] = await Promise.all([id, other].map((one) => t.broker.getResult(one, { outputs: true }, openCall().call)));
  expect(broken && refusalOf(broken).reason).toBe('STORE_FAULT');
  expect(whole && grantedValue(whole).snapshot.id).toBe(other);
});

test('a watch goes on once the store takes writes again, and ends with an unexpected error', async () => {
  const updates = grantedValue(await t.broker.watch(id, watching, openCall().call))[Symbol.asyncIterator]();
  await updates.next();
  fail(refusing);
  t.queue.resume();
  await vi.waitUntil(() => t.queue.callsOf('inspect').length === 2);
  t.queue.failing.clear();
  t.queue.start(id);
  t.clock.pass(1_000);
  expect((await updates.next()).value).toMatchObject({ kind: 'events' });
  fail(fault);
  t.queue.resume();
  const broken = await updates.next().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(broken).toBeInstanceOf(WatchBroken);
  expect((broken as WatchBroken).refusal.reason).toBe('STORE_FAULT');
});

test('a wait whose record cannot be read is answered with the error', async () => {
  const reply = t.broker.getResult(id, { outputs: true, waitMs: 60_000 }, openCall().call);
  await vi.waitUntil(() => t.queue.watchers.has(id));
  await vi.waitUntil(() => t.clock.pending === 2);
  fail(fault);
  t.queue.resume();
  expect(refusalOf(await reply).reason).toBe('STORE_FAULT');
});

test('what nobody waits for may fail: a cancel with a client that left, and the end of a binding', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const { call, leave } = openCall();
  grantedValue(await t.broker.watch(id, watching, call));
  const bound = openCall();
  void t.broker.submit(commandOf(), { bindToCall: true, outputs: true, waitMs: 60_000 }, bound.call);
  await vi.waitUntil(() => t.queue.callsOf('submit').length === 1);
  await new Promise(setImmediate);
  fail(fault);
  leave();
  bound.leave();
  await vi.waitUntil(() => t.queue.callsOf('cancel').length === 1 && t.queue.callsOf('unbind').length === 1);
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
