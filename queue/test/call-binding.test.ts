import { limits } from '@inferq/core/limits.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { Inbox, NewTask, QueueConnection } from '../queue.ts';
import { recordFields } from '../record.ts';
import { newId, newTask } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const storage = openStorage();
const inboxes = new Map<string, Inbox>();

/** A server that is up, as far as Redis can tell. */
async function up(name: string): Promise<void> {
  inboxes.set(name, await storage.connection.openInbox(name));
}

beforeAll(() => Promise.all(['one', 'two'].map(up)));
afterAll(() => Promise.all([...inboxes.values()].map((inbox) => inbox.close())));

const idempotency = { key: 'k', digest: 'd' };

/** The id of the task that this call holds from here on. */
async function bind(call: string, parts: Partial<NewTask> = { idempotency }): Promise<string> {
  const [outcome] = await storage.tasks.submit([newTask({ boundTo: call, ...parts })]);
  if (outcome?.kind === 'accepted') return outcome.id;
  if (outcome?.kind === 'duplicate') return outcome.snapshot.id;
  throw new Error(`it was answered ${outcome?.kind}`);
}

/** The call breaks off; its task is due at once. */
function breakOff(id: string, call: string): Promise<void> {
  return storage.tasks.unbind({ id, call }, 0);
}

/** A task held by the call `one/1`, and by the first call of a server that Redis sees no more. */
async function bindBesideLost(server: string): Promise<string> {
  const connection: QueueConnection = await storage.connect();
  await connection.openInbox(server);
  const id = await bind(`${server}/1`);
  await bind('one/1');
  await connection.close();
  await until(async () => String(await storage.redis.call('PUBSUB', 'SHARDNUMSUB', key('inbox', server))).endsWith(',0'));
  return id;
}

/** As if the grace of servers that Redis does not see were over. */
async function makeDue(id: string): Promise<void> {
  const at = Number(await storage.redis.zscore(key('due'), `cut:${id}`));
  expect(at - (await storage.tasks.now())).toBeGreaterThan(limits.unseenGraceMs / 2);
  await storage.redis.zadd(key('due'), 'XX', 1, `cut:${id}`);
}

async function stateAfterUpkeep(id: string): Promise<string> {
  await storage.upkeep.promote();
  return storage.state(id);
}

test('a task whose call breaks off is cancelled when that is due, a running one is asked to stop', async () => {
  const queued = await bind('one/1', {});
  const far = await bind('one/2', {});
  await breakOff(queued, 'one/1');
  await storage.tasks.unbind({ id: far, call: 'one/2' }, 60_000);
  expect([await stateAfterUpkeep(queued), await storage.state(far)]).toEqual(['cancelled', 'queued']);
  await storage.tasks.cancel({ id: far, force: false });
  const running = await storage.start({ boundTo: 'one/3' });
  await breakOff(running.id, 'one/3');
  expect(await storage.look(running.id)).toMatchObject({ cancelRequested: false });
  await storage.upkeep.promote();
  expect(await storage.look(running.id)).toMatchObject({ state: 'running', cancelRequested: true });
});

test('a Submit that binds the task again takes up what broke off, under the same key or the same id', async () => {
  const keyed = await bind('one/1');
  await breakOff(keyed, 'one/1');
  expect(await bind('two/1')).toBe(keyed);
  const again = newTask({ boundTo: 'one/2' });
  await bind('one/2', again);
  await breakOff(again.id, 'one/2');
  await bind('two/2', { ...again, boundTo: 'two/2' });
  expect([await stateAfterUpkeep(keyed), await storage.state(again.id)]).toEqual(['queued', 'queued']);
  await breakOff(keyed, 'two/1');
  await breakOff(again.id, 'two/2');
  expect([await stateAfterUpkeep(keyed), await storage.state(again.id)]).toEqual(['cancelled', 'cancelled']);
});

test('a Submit that does not bind takes nothing up', async () => {
  const id = await bind('one/1');
  await breakOff(id, 'one/1');
  expect(await storage.tasks.submit([newTask({ idempotency })])).toMatchObject([{ kind: 'duplicate' }]);
  expect(await stateAfterUpkeep(id)).toBe('cancelled');
});

test('a call that breaks off late takes nothing away from the one that took its task up', async () => {
  const id = await bind('one/1');
  await bind('two/1');
  await breakOff(id, 'one/1');
  expect(await stateAfterUpkeep(id)).toBe('queued');
  await breakOff(id, 'two/1');
  expect(await stateAfterUpkeep(id)).toBe('cancelled');
});

test('a call that binds late and breaks off at once takes nothing away from the one before it', async () => {
  const id = await bind('two/1');
  await bind('one/1');
  await breakOff(id, 'one/1');
  expect(await stateAfterUpkeep(id)).toBe('queued');
});

test('that a call broke off may be told twice, and counts once', async () => {
  const id = await bind('one/1');
  await breakOff(id, 'one/1');
  await bind('two/1');
  await breakOff(id, 'one/1');
  expect(await stateAfterUpkeep(id)).toBe('queued');
  await storage.tasks.unbind({ id, call: 'two/1' }, 60_000);
  const due = () => storage.redis.zscore(key('due'), `cut:${id}`);
  const before = await due();
  await storage.tasks.unbind({ id, call: 'two/1' }, 90_000);
  expect(await due()).toBe(before);
  await storage.tasks.cancel({ id, force: false });
});

test('a call that was answered leaves its task to itself, or to the other call that holds it', async () => {
  const id = await bind('one/1');
  await storage.tasks.unbind({ id, call: 'one/1' });
  expect(await stateAfterUpkeep(id)).toBe('queued');
  await bind('one/2');
  await bind('two/1');
  await storage.tasks.unbind({ id, call: 'one/2' });
  await breakOff(id, 'two/1');
  expect(await stateAfterUpkeep(id)).toBe('cancelled');
});

test('a call of a server that was killed holds nothing', async () => {
  const id = await bindBesideLost('lost');
  await breakOff(id, 'one/1');
  expect(await stateAfterUpkeep(id)).toBe('queued');
  await makeDue(id);
  expect(await stateAfterUpkeep(id)).toBe('cancelled');
});

test('a call of a server that Redis had lost sight of holds its task, where the server is back before the cancel is due', async () => {
  const id = await bindBesideLost('away');
  await breakOff(id, 'one/1');
  await makeDue(id);
  await up('away');
  expect(await stateAfterUpkeep(id)).toBe('queued');
  await breakOff(id, 'away/1');
  expect(await stateAfterUpkeep(id)).toBe('cancelled');
});

test('a task that has ended is bound to nothing', async () => {
  const task = await storage.start({ boundTo: 'one/1', idempotency });
  await breakOff(task.id, 'one/1');
  await bind('one/2');
  await storage.run.settle([completed(task)]);
  expect(await bind('two/1')).toBe(task.id);
  expect(await storage.redis.hexists(key('record', task.id), recordFields.calls)).toBe(0);
  await breakOff(task.id, 'one/2');
  expect(await stateAfterUpkeep(task.id)).toBe('succeeded');
  expect(await storage.redis.exists(key('due'))).toBe(0);
});

test('a task that ends before its cancel is due has ended as it did', async () => {
  const task = await storage.start({ boundTo: 'one/1' });
  await breakOff(task.id, 'one/1');
  await storage.run.settle([completed(task)]);
  expect(await storage.upkeep.promote()).toBe(0);
  expect(await storage.state(task.id)).toBe('succeeded');
  expect(await storage.redis.exists(key('due'))).toBe(0);
});

test('a call that breaks off of a task that nobody knows leaves nothing behind', async () => {
  await breakOff(newId(), 'one/1');
  expect(await storage.redis.exists(key('due'))).toBe(0);
});
