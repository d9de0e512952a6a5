import { afterAll, beforeAll, expect, test } from 'vitest';
import { group, key } from '../keys.ts';
import { campaignFrom, runCampaign } from './model-based/campaign.ts';
import { openSystem, type System } from './model-based/system.ts';
import { newId, pool } from './support/build.ts';
import { completed, failed, openStorage } from './support/storage.ts';

let system: System;

beforeAll(async () => {
  system = await openSystem();
});

afterAll(() => system?.close());

test('whatever is done to the queue, in any order, it does what the oracle says', { timeout: 3_600_000 }, async () => {
  const campaign = campaignFrom(process.env, 60);
  console.log(`FC_SEED=${campaign.seed} FC_RUNS=${campaign.runs}`);
  await runCampaign(system, campaign);
});

const storage = openStorage();
const lane = key('lane', 'default:m:1:5');

function chunk({ id, token }: { id: string; token: string }, payload: string) {
  return { id, token, kind: 'chunk', index: 0, payload: Buffer.from(payload) } as const;
}

test('the log of a task that streamed nothing but an empty chunk ends with the task', async () => {
  const task = await storage.start();
  await storage.run.emit([chunk(task, '')]);
  await storage.run.settle([completed(task)]);
  expect(await storage.redis.pttl(key('log', task.id))).toBeGreaterThan(0);
});

test('a redrive keeps the chunks of the dead letter no longer than their result would have lived', async () => {
  const task = await storage.start();
  await storage.run.emit([chunk(task, 'a piece')]);
  await storage.run.settle([failed(task)]);
  await storage.redis.pexpire(key('log', task.id), 5_000);
  await storage.tasks.redrive([{ id: task.id, newId: newId() }]);
  expect(await storage.redis.pttl(key('log', task.id))).toBeLessThanOrEqual(5_000);
});

test('a lease is renewed though the consumer group of its lane was dropped', async () => {
  const task = await storage.start();
  await storage.redis.xgroup('DESTROY', lane, group);
  expect(await storage.run.extend('x1', [task])).toEqual(['held']);
});

test('a task that ran when the consumer group of its lane was dropped is found when its executor crashes', async () => {
  const task = await storage.start();
  await storage.redis.xgroup('DESTROY', lane, group);
  const other = await storage.submit();
  expect(await storage.claim({ executor: 'x2', queues: [[pool({ maxTasks: 2 })]] })).toMatchObject([{ id: other }]);
  await storage.registry.strikeExecutor('x1', 'crash', 'signal SIGKILL');
  expect(await storage.state(task.id)).toBe('queued');
});
