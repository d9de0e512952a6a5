import { expect, test } from 'vitest';
import { loadedModel, type PlayedQueue, play } from './executor-harness.ts';

const add =
  (count: number, model = 'm', more = {}) =>
  (queue: PlayedQueue) => {
    for (let index = 0; index < count; index++) queue.add(model, { id: `${model}${index}`, ...more });
  };
const welcome = (queue: PlayedQueue) => queue.claims.at(-1)?.handOvers?.welcome;

test('an idle executor runs what is handed to it without a claim, and says with the next that it has seen it', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')]);
  expect(queue.claims).toMatchObject([{ waitForBell: true, handOvers: { seen: 0, welcome: true } }]);
  add(2)(queue);
  deliver(queue.handOver());
  await clock.calm();
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0', 'm1']]);
  expect(queue.claims).toHaveLength(1);
  engine.finish();
  await clock.calm();
  expect([queue.verbs('m0'), queue.verbs('m1')]).toEqual([['complete'], ['complete']]);
  expect(queue.claims.at(-1)?.handOvers).toEqual({ seen: 1, welcome: true });
});

test('only an executor that holds nothing welcomes hand-overs', async () => {
  const lingering = await play([loadedModel('m', { lingerMs: 50 })], add(1));
  expect([lingering.queue.claims.at(-1)?.waitForBell, welcome(lingering.queue)]).toEqual([true, false]);
  const stepping = await play([loadedModel('m', { maxBatchSize: 3, continuous: true })], add(1));
  expect([stepping.queue.claims.at(-1)?.waitForBell, welcome(stepping.queue)]).toEqual([true, false]);
  stepping.engine.end('m0');
  await stepping.clock.calm();
  expect(welcome(stepping.queue)).toBe(true);
});

test('a hand-over that meets a claim on its way is run, and the answer is not slept on', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { maxBatchSize: 1 })], (played) => {
    played.roundTripMs = 10;
  });
  await clock.pass(5);
  add(2)(queue);
  deliver(queue.handOver());
  await clock.pass(10);
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0']]);
  engine.finish();
  await clock.pass(10);
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0'], ['m1']]);
  expect(queue.known).toEqual([]);
});

test('a claim that hears of a hand-over leaves it time to arrive; one that never does is given back', async () => {
  const { engine, queue, clock } = await play([loadedModel('m')]);
  add(1)(queue);
  queue.handOver();
  add(1, 'm', { id: 'later' })(queue);
  await clock.pass(1_000);
  expect([queue.claims.length, queue.known]).toEqual([2, []]);
  await clock.pass(1_000);
  expect(queue.known).toEqual([[]]);
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['later']]);
});

test('a hand-over that a claim has heard of, and that then arrives, is run', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')]);
  add(1)(queue);
  const message = queue.handOver();
  await clock.pass(1_000);
  deliver(message);
  await clock.pass(3_000);
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0']]);
  expect(queue.known).toEqual([]);
});

test('what arrives while unknown attempts are given back, or after, is not run: it was given back', async () => {
  const { engine, queue, clock, deliver, executor } = await play([loadedModel('m')]);
  add(2)(queue);
  const during = queue.handOver();
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { releaseUnknown } = queue;
  queue.releaseUnknown = async (...args) => {
    await held;
    return releaseUnknown.apply(queue, args);
  };
  executor.reconnected();
  await clock.calm();
  deliver(during);
  answer();
  await clock.calm();
  deliver(during);
  await clock.calm();
  expect(engine.batches).toEqual([]);
  add(1)(queue);
  deliver(queue.handOver());
  await clock.calm();
  expect(engine.batches).toHaveLength(1);
});

test('an executor that slept when its connection came back asks for the bell again: giving back has taken it away', async () => {
  const { queue, clock, executor } = await play([loadedModel('m')], (played) => {
    played.roundTripMs = 10;
  });
  await clock.pass(5);
  executor.reconnected();
  await clock.pass(20);
  expect([queue.known.length, queue.claims.length]).toEqual([1, 2]);
  expect(queue.claims.at(-1)?.waitForBell).toBe(true);
});

test('inputs that did not come with a hand-over are read before its run', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')], (played) => {
    played.roundTripMs = 10;
  });
  await clock.pass(10);
  add(1)(queue);
  deliver(queue.handOver(['m0']));
  await clock.pass(5);
  expect([engine.batches, queue.claims.length]).toEqual([[], 1]);
  await clock.pass(5);
  expect(engine.batches.map(({ ids }) => ids)).toEqual([['m0']]);
});

test('a batch whose inputs cannot be read is given back once the connection is there again', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m')]);
  add(1)(queue);
  const message = queue.handOver(['m0']);
  queue.away = true;
  deliver(message);
  await clock.pass(300);
  queue.away = false;
  await clock.pass(300);
  expect(engine.batches).toEqual([]);
  expect(queue.known).toEqual([[]]);
});

test('an executor that stops gives back what is handed to it', async () => {
  const { engine, queue, clock, deliver, executor } = await play([loadedModel('m')]);
  add(1)(queue);
  const message = queue.handOver();
  void executor.stop(5_000);
  deliver(message);
  await clock.calm();
  expect(queue.verbs('m0')).toEqual(['release']);
  expect(engine.batches).toEqual([]);
});
