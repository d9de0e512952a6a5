/** What an executor does where the queue fails in a way that it would fail again: the task behind it pays, once, and nobody else does. */

import { StoreError } from '@inferq/core/store-error.ts';
import { expect, test } from 'vitest';
import { loadedModel, type PlayedQueue, play } from './executor-harness.ts';

const fault = new StoreError('fault', 'WRONGTYPE', 'WRONGTYPE Operation against a key holding the wrong kind of value');
const stepping = [loadedModel('m', { continuous: true })];

const two = (queue: PlayedQueue) => {
  for (const id of ['broken', 'whole']) queue.add('m', { id });
};

/** Calls of `verb` that name the broken task fail; returns how many did so far. */
function breakCalls(queue: PlayedQueue, verb: 'emit' | 'settle' | 'extend'): () => number {
  let failed = 0;
  const call = queue[verb].bind(queue) as (...given: unknown[]) => Promise<never>;
  const broken = async (...given: unknown[]) => {
    if (JSON.stringify(given).includes('broken')) {
      failed += 1;
      throw fault;
    }
    return call(...given);
  };
  Object.assign(queue, { [verb]: broken });
  return () => failed;
}

test('a chunk that cannot be stored fails its task, while its neighbour streams on', async () => {
  const { engine, queue, clock } = await play(stepping, two);
  const failed = breakCalls(queue, 'emit');
  const told: string[] = [];
  for (const id of ['broken', 'whole']) engine.chunk(id, (held) => told.push(`${id} ${held}`));
  await clock.pass(60_000);
  expect(told.sort()).toEqual(['broken false', 'whole true']);
  expect(queue.settlement('broken')).toMatchObject({ verb: 'fail', error: { code: 'MODEL_ERROR' } });
  expect(queue.verbs('whole')).toEqual([]);
  expect(failed()).toBe(2);
});

test('an outcome that cannot be stored is given up after few tries, and does not hold up a stop', async () => {
  const { engine, queue, clock, executor } = await play(stepping, two);
  const failed = breakCalls(queue, 'settle');
  engine.end('broken');
  engine.end('whole');
  await clock.pass(60_000);
  expect(queue.verbs('whole')).toEqual(['complete']);
  expect(failed()).toBe(3);
  let stopped = false;
  void executor.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.pass(2_000);
  expect(stopped).toBe(true);
});

test('a lease that cannot be renewed does not cost the others theirs', async () => {
  const { queue, clock } = await play(stepping, two);
  breakCalls(queue, 'extend');
  await clock.pass(1_000);
  expect(queue.extended.flat().map(({ id }) => id)).toEqual(['whole']);
});

test('claims that fail become rare, and go on by themselves once they succeed', async () => {
  const { engine, queue, clock } = await play(stepping, () => {});
  const claim = queue.claim.bind(queue);
  let claims = 0;
  queue.claim = async () => {
    claims += 1;
    throw fault;
  };
  await clock.pass(600_000);
  expect(claims).toBeGreaterThan(10);
  expect(claims).toBeLessThan(40);
  queue.claim = claim;
  queue.add('m', { id: 'later' });
  await clock.pass(31_000);
  expect(engine.batches.at(-1)?.ids).toEqual(['later']);
});
