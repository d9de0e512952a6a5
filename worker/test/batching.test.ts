import { expect, test } from 'vitest';
import { loadedModel, type PlayedQueue, play } from './executor-harness.ts';

const add =
  (count: number, model = 'm', more = {}) =>
  (queue: PlayedQueue) => {
    for (let index = 0; index < count; index++) queue.add(model, { id: `${model}${index}`, ...more });
  };

test('a free executor takes what is there, up to what one run may hold', async () => {
  const { engine } = await play([loadedModel('m', { maxBatchSize: 4 })], add(6));
  expect(engine.batches).toEqual([{ model: 'm', ids: ['m0', 'm1', 'm2', 'm3'] }]);
});

test('a run is filled by rows, not by tasks', async () => {
  const { engine } = await play([loadedModel('m', { maxBatchSize: 4 })], add(3, 'm', { rows: 2 }));
  expect(engine.batches[0]?.ids).toEqual(['m0', 'm1']);
});

test('a model without a batch dimension gets one task at a time', async () => {
  const { engine, clock } = await play([loadedModel('m', { maxBatchSize: 0 })], add(2));
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0']]);
  engine.finish();
  await clock.calm();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0'], ['m1']]);
});

test('while a batch runs whose end cannot be told, nothing is claimed', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')], add(6));
  const claims = queue.claims.length;
  deliver({ kind: 'bell' });
  await clock.pass(5_000);
  expect(queue.claims.length).toBe(claims);
  expect(engine.batches).toHaveLength(1);
});

test('one call settles a batch and claims the next', async () => {
  const { engine, queue, clock } = await play([loadedModel('m')], add(6));
  engine.finish();
  await clock.calm();
  expect(queue.settled.map((call) => call.map(({ id, verb }) => `${verb} ${id}`))).toEqual([
    ['complete m0', 'complete m1', 'complete m2', 'complete m3'],
  ]);
  expect(queue.claims).toHaveLength(2);
  expect(engine.batches[1]?.ids).toEqual(['m4', 'm5']);
});

test('what ends before its batch does is settled at once, without a claim', async () => {
  const { engine, queue, clock } = await play([loadedModel('m')], add(6));
  engine.end('m0');
  await clock.calm();
  expect(queue.verbs('m0')).toEqual(['complete']);
  expect(queue.claims).toHaveLength(1);
});

test('the next batch is claimed ahead where the running one will end within two round trips', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { maxBatchSize: 1 })], (played) => {
    played.roundTripMs = 10;
    add(9)(played);
  });
  await clock.pass(10);
  await clock.pass(100);
  engine.finish();
  await clock.pass(10);
  expect(engine.batches).toHaveLength(2);
  await clock.pass(75);
  expect(queue.claims).toHaveLength(2);
  await clock.pass(20);
  expect(queue.claims).toHaveLength(3);
  expect(queue.claims[2]?.waitForBell).toBe(false);
  expect(engine.batches).toHaveLength(2);
  expect(engine.queued.map(({ ids }) => ids)).toEqual([['m2']]);
  engine.finish();
  expect(engine.batches.at(-1)?.ids).toEqual(['m2']);
});

/** Its second batch runs, and its third was claimed ahead. */
async function withOneAhead() {
  const played = await play([loadedModel('m', { maxBatchSize: 1 })], (queue) => {
    add(2)(queue);
    queue.add('m', { id: 'ahead', more: { hardLimitMs: 1_000 } });
  });
  played.engine.finish();
  await played.clock.calm();
  expect(played.engine.batches.map(({ ids }) => ids)).toEqual([['m0'], ['m1']]);
  expect(played.queue.waiting).toEqual([]);
  return played;
}

test('what was sent ahead and is cancelled does not run, and the end of its batch is not taken for that of another', async () => {
  const { engine, queue, clock, deliver } = await withOneAhead();
  deliver({ kind: 'cancel', id: 'ahead', force: false });
  await clock.calm();
  expect(queue.verbs('ahead')).toEqual(['cancel']);
  expect(engine.aborted).toEqual(['ahead cancel']);
  engine.end('m1');
  queue.add('m', { id: 'later' });
  engine.callEnded('m');
  await clock.calm();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0'], ['m1'], ['later']]);
  expect(queue.verbs('later')).toEqual([]);
  queue.add('m', { id: 'last' });
  deliver({ kind: 'bell' });
  await clock.pass(5_000);
  expect(engine.batches).toHaveLength(3);
});

test('a hard limit counts from when a batch runs, not from when it was sent ahead', async () => {
  const { engine, queue, clock } = await withOneAhead();
  await clock.pass(500);
  engine.finish();
  await clock.pass(900);
  expect(queue.verbs('ahead')).toEqual([]);
  await clock.pass(300);
  expect(queue.verbs('ahead')).toEqual(['fail']);
});

test('an executor that stops takes back what it has sent ahead', async () => {
  const { engine, queue, clock, executor } = await withOneAhead();
  void executor.stop(60_000);
  await clock.calm();
  expect(queue.verbs('ahead')).toEqual(['release']);
  expect(engine.aborted).toEqual(['ahead cancel']);
});

test('a batch of another model is not sent ahead: it would run between the slices of the one before', async () => {
  const models = [loadedModel('m', { maxBatchSize: 1 }), loadedModel('n', { maxBatchSize: 1 })];
  const { engine, queue, clock } = await play(models, (played) => {
    add(2)(played);
    add(1, 'n')(played);
  });
  await clock.pass(100);
  engine.finish();
  await clock.pass(100);
  expect(queue.waiting).toEqual([]);
  expect([engine.batches.map(({ ids }) => ids), engine.queued]).toEqual([[['m0'], ['m1']], []]);
  engine.finish();
  expect(engine.batches.at(-1)?.ids).toEqual(['n0']);
});

test('a claim ahead that finds nothing is not repeated while the batch runs', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { maxBatchSize: 1 })], add(2));
  await clock.pass(100);
  engine.finish();
  await clock.pass(100);
  const claims = queue.claims.length;
  expect(queue.claims.at(-1)?.waitForBell).toBe(false);
  await clock.pass(5_000);
  expect(queue.claims).toHaveLength(claims);
});

test('nothing is claimed ahead of the end of a short run where the claim before it left nothing behind', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { maxBatchSize: 1 })], add(2));
  engine.finish();
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['m1']);
  expect(queue.claims.at(-1)?.waitForBell).toBe(true);
});

test('with a backlog of short runs each batch costs one round trip: what ends beside a claim goes with the next one', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { maxBatchSize: 1 })], add(9));
  engine.finish();
  await clock.calm();
  queue.roundTripMs = 10;
  engine.finish();
  await clock.pass(5);
  const before = queue.roundTrips;
  for (let batch = 0; batch < 4; batch++) {
    engine.finish();
    await clock.pass(10);
  }
  expect(engine.batches.length).toBeGreaterThanOrEqual(5);
  expect(queue.roundTrips - before).toBe(4);
});

test('what was claimed ahead of a run that does not end as predicted is given back, and nothing more is claimed for it', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { maxBatchSize: 1 })], add(4));
  engine.finish();
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['m1']);
  expect(queue.waiting.map(({ id }) => id)).toEqual(['m3']);
  await clock.pass(500);
  expect(queue.verbs('m2')).toEqual([]);
  await clock.pass(600);
  expect(queue.verbs('m2')).toEqual(['release']);
  await clock.pass(5_000);
  expect(queue.waiting.map(({ id }) => id)).toEqual(['m3']);
  engine.finish();
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['m3']);
});

test('an idle executor asks for the bell, sleeps until it rings, and looks around once a second', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')]);
  expect(queue.claims).toMatchObject([{ waitForBell: true, solo: true }]);
  await clock.pass(900);
  expect(queue.claims).toHaveLength(1);
  add(1)(queue);
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches[0]?.ids).toEqual(['m0']);

  const idle = await play([loadedModel('m')]);
  add(1)(idle.queue);
  await idle.clock.pass(1_000);
  expect(idle.engine.batches[0]?.ids).toEqual(['m0']);
});

test('a bell that rings while a claim is on its way is not slept through', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')], (played) => {
    played.roundTripMs = 10;
  });
  deliver({ kind: 'bell' });
  await clock.pass(10);
  add(1)(queue);
  await clock.pass(10);
  expect(engine.batches[0]?.ids).toEqual(['m0']);
});

test('new items join a continuous model between its steps, as many as it may hold', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { maxBatchSize: 3, continuous: true })], add(2));
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0', 'm1']]);
  for (const id of ['a', 'b']) queue.add('m', { id });
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0', 'm1'], ['a']]);
  engine.end('m1');
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['b']);
});

test('other models get their turn between the steps of a full continuous one: one batch at a time', async () => {
  const { engine, queue, clock, deliver } = await play(
    [loadedModel('steps', { maxBatchSize: 1, continuous: true }), loadedModel('m', { maxBatchSize: 2 })],
    add(1, 'steps'),
  );
  add(4)(queue);
  deliver({ kind: 'bell' });
  await clock.pass(10_000);
  expect(engine.batches.slice(1)).toEqual([{ model: 'm', ids: ['m0', 'm1'] }]);
  engine.finish();
  await clock.calm();
  expect(engine.batches.slice(2)).toEqual([{ model: 'm', ids: ['m2', 'm3'] }]);
});

test('a task that must run alone is claimed by an idle executor and keeps everything else out', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')], (played) => {
    played.add('m', { id: 'suspect', solo: true });
    add(2)(played);
  });
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['suspect']]);
  deliver({ kind: 'bell' });
  await clock.pass(5_000);
  expect(queue.claims).toHaveLength(1);
  engine.finish();
  await clock.calm();
  expect(engine.batches[1]?.ids).toEqual(['m0', 'm1']);
});

test('a busy continuous model does not starve a task that must run alone, and that one waits for all others', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { continuous: true })], add(2));
  queue.add('m', { id: 'suspect', solo: true });
  await clock.pass(2_500);
  expect(queue.waiting).toEqual([]);
  queue.add('m', { id: 'later' });
  engine.end('m0');
  await clock.pass(2_000);
  expect(engine.batches).toHaveLength(1);
  engine.end('m1');
  await clock.calm();
  expect(engine.batches[1]?.ids).toEqual(['suspect']);
  expect(queue.waiting).toHaveLength(1);
});

test('a task that must run alone is claimed as soon as nothing else is held', async () => {
  const { engine, queue, clock } = await play([loadedModel('m', { continuous: true })], add(1));
  queue.add('m', { id: 'suspect', solo: true });
  await clock.pass(100);
  expect(engine.batches).toHaveLength(1);
  engine.end('m0');
  await clock.calm();
  expect(engine.batches[1]?.ids).toEqual(['suspect']);
});

test('nothing is claimed ahead while a continuous model waits for its next step', async () => {
  const models = [loadedModel('steps', { maxBatchSize: 1, continuous: true }), loadedModel('m', { maxBatchSize: 1 })];
  const { engine, queue, clock, deliver } = await play(models, add(3));
  engine.finish();
  await clock.calm();
  expect(queue.claims.at(-1)?.waitForBell).toBe(false);
  queue.add('steps', { id: 'story' });
  engine.finish();
  engine.finish();
  await clock.calm();
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['story']);
  const before = queue.claims.length;
  add(2)(queue);
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches.at(-1)?.ids).toEqual(['m0']);
  await clock.pass(0);
  expect(queue.claims).toHaveLength(before + 1);
});

test('a model that lingers waits for a fuller batch, counted from when its oldest task was queued', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { lingerMs: 50 })], add(1, 'm', { more: { queuedMs: 20 } }));
  await clock.pass(10);
  expect(engine.batches).toEqual([]);
  queue.add('m', { id: 'second' });
  deliver({ kind: 'bell' });
  await clock.pass(19);
  expect(engine.batches).toEqual([]);
  await clock.pass(1);
  expect(engine.batches[0]?.ids).toEqual(['m0', 'second']);
});

test('lingering ends as soon as the batch is full', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { lingerMs: 50, maxBatchSize: 2 })], add(1));
  queue.add('m', { id: 'second' });
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches[0]?.ids).toEqual(['m0', 'second']);
});

test('a batch that is full when it is claimed does not linger', async () => {
  const { engine } = await play([loadedModel('m', { lingerMs: 50, maxBatchSize: 2 })], add(2));
  expect(engine.batches[0]?.ids).toEqual(['m0', 'm1']);
});

test('lingering is cut by the start deadline of a task', async () => {
  const { engine, clock } = await play([loadedModel('m', { lingerMs: 50 })], add(1, 'm', { more: { startDeadline: 5 } }));
  await clock.pass(5);
  expect(engine.batches).toHaveLength(1);
});

test('a lingering batch is joined by its own shape only; another shape follows as a batch of its own', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { lingerMs: 50 })], add(1));
  queue.add('m', { id: 'other', signature: 'another' });
  deliver({ kind: 'bell' });
  await clock.calm();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0']]);
  engine.finish();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0'], ['other']]);
});

test('queues are offered in the order of their shares', async () => {
  const shares = [
    { queue: 'first', weight: 0 },
    { queue: 'a', weight: 1 },
    { queue: 'b', weight: 1 },
  ];
  const { engine, queue, clock } = await play(
    [loadedModel('m', { maxBatchSize: 1 })],
    (played) => {
      for (const name of ['a', 'b']) for (let index = 0; index < 4; index++) played.add('m', { id: `${name}${index}`, queue: name });
    },
    shares,
  );
  for (let run = 0; run < 7; run++) {
    engine.finish();
    await clock.pass(1);
  }
  expect(engine.batches.map(({ ids }) => ids[0]?.[0]).join('')).toBe('abababab');
  expect(queue.claims.every(({ queues }) => queues[0]?.[0]?.queue === 'first')).toBe(true);
});
