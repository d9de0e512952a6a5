import { expect, test } from 'vitest';
import { loadedModel, type PlayedQueue, play } from './executor-harness.ts';

const add =
  (count: number, more = {}) =>
  (queue: PlayedQueue) => {
    for (let index = 0; index < count; index++) queue.add('m', { id: `m${index}`, more });
  };
const batching = [loadedModel('m')];
const stepping = [loadedModel('m', { continuous: true })];

test('a failed run is tried again after a delay that grows with the attempts spent', async () => {
  const { engine, queue, clock } = await play(batching, add(1, { chargedAttempts: 2 }));
  engine.fail('m0');
  await clock.calm();
  // 1 s, doubled for each attempt spent before, and at the middle of its jitter.
  expect(queue.settlement('m0')).toMatchObject({ verb: 'retry', delayMs: 3_000, error: { code: 'MODEL_ERROR' } });
});

test('a failure that no retry can mend is final', async () => {
  const { engine, queue, clock } = await play(batching, add(1));
  engine.fail('m0', false);
  await clock.calm();
  expect(queue.settlement('m0')).toMatchObject({ verb: 'fail', error: { code: 'MODEL_ERROR' } });
});

test('every lease is renewed each third of it, in one call, also while the settlement is on its way', async () => {
  const { engine, queue, clock } = await play(batching, (played) => {
    add(2)(played);
    played.roundTripMs = 400;
  });
  await clock.pass(900);
  engine.end('m0');
  await clock.pass(100);
  expect(queue.extended).toEqual([
    [
      { id: 'm0', token: 'token-of-m0' },
      { id: 'm1', token: 'token-of-m1' },
    ],
  ]);
  await clock.pass(1_000);
  expect(queue.extended[1]).toEqual([{ id: 'm1', token: 'token-of-m1' }]);
});

test('a cancelled task is aborted once, and CANCELLED when it fails for that', async () => {
  const { engine, queue, clock, deliver } = await play(batching, add(2));
  deliver({ kind: 'cancel', id: 'm0', force: false });
  queue.verdicts.set('m0', 'cancel');
  await clock.pass(1_000);
  expect(engine.aborted).toEqual(['m0 cancel']);
  engine.fail('m0');
  await clock.calm();
  expect(queue.verbs('m0')).toEqual(['cancel']);
});

test('a cancellation that the inbox missed comes with the next renewal', async () => {
  const { engine, queue, clock } = await play(batching, add(1));
  queue.verdicts.set('m0', 'cancel');
  await clock.pass(1_000);
  expect(engine.aborted).toEqual(['m0 cancel']);
});

test('a cancelled task that completes all the same is sent as complete: the queue decides', async () => {
  const { engine, queue, clock, deliver } = await play(batching, add(1));
  deliver({ kind: 'cancel', id: 'm0', force: false });
  engine.end('m0');
  await clock.calm();
  expect(queue.verbs('m0')).toEqual(['complete']);
});

test('a cancelled task that has not begun never reaches the engine', async () => {
  const { engine, queue, clock, deliver } = await play([loadedModel('m', { lingerMs: 50 })], add(2));
  deliver({ kind: 'cancel', id: 'm0', force: false });
  await clock.pass(50);
  expect(engine.batches[0]?.ids).toEqual(['m1']);
  expect(queue.verbs('m0')).toEqual(['cancel']);
});

test('an attempt that is lost is aborted and what comes of it is dropped', async () => {
  const { engine, queue, clock } = await play(batching, add(2));
  queue.verdicts.set('m0', 'lost');
  await clock.pass(1_000);
  expect(engine.aborted).toEqual(['m0 cancel']);
  engine.finish();
  await clock.calm();
  expect(queue.verbs('m0')).toEqual([]);
  expect(queue.verbs('m1')).toEqual(['complete']);
});

test('settlements are sent again until the queue answers', async () => {
  const { engine, queue, clock } = await play(batching, add(1));
  queue.away = true;
  engine.finish();
  await clock.pass(1_000);
  const tries = queue.verbs('m0').length;
  expect(tries).toBeGreaterThan(2);
  queue.away = false;
  await clock.pass(1_000);
  expect(queue.verbs('m0').length).toBe(tries + 1);
});

test('after a claim whose answer was lost, what the ledger does not know is given back before anything else is claimed', async () => {
  const { engine, queue, clock, executor } = await play(stepping, add(1));
  queue.away = true;
  executor.reconnected();
  await clock.pass(1_000);
  queue.add('m', { id: 'new' });
  expect(queue.known).toEqual([]);
  queue.away = false;
  await clock.pass(1_000);
  expect(queue.known).toEqual([[{ id: 'm0', token: 'token-of-m0' }]]);
  expect(engine.batches[1]?.ids).toEqual(['new']);
});

test('a connection that breaks again while answers are looked for is looked through once more', async () => {
  const { queue, clock, executor } = await play(stepping, add(1));
  let answer: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    answer = resolve;
  });
  queue.releaseUnknown = async (_executor, known) => {
    queue.known.push([...known]);
    if (queue.known.length === 1) await first;
    return { released: 0, handOvers: 0 };
  };
  executor.reconnected();
  await clock.calm();
  executor.reconnected();
  await clock.calm();
  expect(queue.known).toHaveLength(1);
  answer();
  await clock.calm();
  expect(queue.known).toHaveLength(2);
});

test('pieces of output are in the queue, in order, before the task is settled', async () => {
  const { engine, queue, clock } = await play(stepping, (played) => {
    add(1)(played);
    played.roundTripMs = 10;
  });
  await clock.pass(10);
  const told: string[] = [];
  for (const piece of ['first', 'second']) engine.chunk('m0', (held) => told.push(`${piece} ${held}`));
  await clock.calm();
  engine.chunk('m0', (held) => told.push(`third ${held}`));
  engine.end('m0');
  await clock.pass(10);
  expect(told).toEqual(['first true', 'second true']);
  expect(queue.verbs('m0')).toEqual([]);
  await clock.pass(10);
  expect(queue.emitted.map((call) => call.map(({ index }) => index))).toEqual([[0, 1], [2]]);
  expect(queue.verbs('m0')).toEqual(['complete']);
});

test('only the latest progress of a moment is sent', async () => {
  const { engine, queue, clock } = await play(stepping, add(1));
  engine.progress('m0', 0.1);
  engine.progress('m0', 0.2);
  await clock.calm();
  expect(queue.emitted).toMatchObject([[{ kind: 'progress', fraction: 0.2 }]]);
});

test('a piece is sent again under its own number until the queue answers', async () => {
  const { engine, queue, clock } = await play(stepping, add(1));
  queue.away = true;
  const told: boolean[] = [];
  engine.chunk('m0', (held) => told.push(held));
  await clock.pass(500);
  expect(told).toEqual([]);
  queue.away = false;
  await clock.pass(500);
  expect(told).toEqual([true]);
  expect(new Set(queue.emitted.flat().map(({ index }) => index))).toEqual(new Set([0]));
});

test('a task that streams too much fails, and its handler hears that it is over', async () => {
  const { engine, queue, clock } = await play(stepping, add(1));
  queue.emitVerdict = 'overflow';
  const told: boolean[] = [];
  engine.chunk('m0', (held) => told.push(held));
  await clock.calm();
  expect(told).toEqual([false]);
  expect(queue.settlement('m0')).toMatchObject({ verb: 'fail', error: { code: 'OUTPUT_TOO_LARGE' } });
  expect(engine.aborted).toEqual(['m0 cancel']);
});

test('past its soft limit a run is told once, may still complete in part, and else fails for it without another try', async () => {
  const { engine, queue, clock } = await play(batching, add(2, { softLimitMs: 1_000 }));
  await clock.pass(3_000);
  expect(engine.aborted).toEqual(['m0 soft', 'm1 soft']);
  engine.end('m0', { kind: 'complete', output: new Uint8Array(1), partial: true });
  engine.fail('m1');
  await clock.calm();
  expect(queue.settlement('m0')).toMatchObject({ verb: 'complete', partial: true });
  expect(queue.settlement('m1')).toMatchObject({ verb: 'fail', error: { code: 'SOFT_TIME_LIMIT' } });
});

test('alone past its hard limit a task fails; when its run does not end, the executor does', async () => {
  const { queue, clock, ended } = await play(batching, add(1, { hardLimitMs: 1_000 }));
  await clock.pass(1_050);
  expect(queue.settlement('m0')).toMatchObject({ verb: 'fail', error: { code: 'HARD_TIME_LIMIT' } });
  expect(ended).toEqual([]);
  await clock.pass(1_000);
  expect(ended).toEqual(['stuck']);
});

test('a run that ends soon after it was given up leaves the executor at work', async () => {
  const { engine, queue, clock, ended } = await play(batching, add(1, { hardLimitMs: 1_000 }));
  await clock.pass(1_050);
  engine.fail('m0');
  engine.callEnded('m');
  queue.add('m', { id: 'next' });
  await clock.pass(2_000);
  expect(ended).toEqual([]);
  expect(engine.batches[1]?.ids).toEqual(['next']);
});

test('in company past its hard limit proves nothing: each goes back uncharged to run alone, the last one too', async () => {
  const { queue, clock, ended } = await play(batching, (played) => {
    played.add('m', { id: 'short', more: { hardLimitMs: 1_000 } });
    played.add('m', { id: 'long', more: { hardLimitMs: 2_000 } });
  });
  await clock.pass(1_100);
  expect(queue.settlement('short')).toMatchObject({ verb: 'release', solo: true });
  expect(queue.verbs('long')).toEqual([]);
  expect(ended).toEqual([]);
  await clock.pass(1_000);
  expect(queue.settlement('long')).toMatchObject({ verb: 'release', solo: true });
  await clock.pass(1_000);
  expect(ended).toEqual(['stuck']);
});

const shortAndLong = (queue: PlayedQueue) => {
  queue.add('m', { id: 'short', more: { hardLimitMs: 1_000 } });
  queue.add('m', { id: 'long' });
};

test.each([
  ['a run', batching],
  ['a step', stepping],
])('%s that blocks its thread past one task’s hard limit does not hold the others until theirs: all run alone next', async (_, models) => {
  const { engine, queue, clock, ended } = await play(models, shortAndLong);
  engine.block(true);
  await clock.pass(1_100);
  expect(queue.settlement('short')).toMatchObject({ verb: 'release', solo: true });
  expect(queue.verbs('long')).toEqual([]);
  await clock.pass(1_000);
  expect(queue.settlement('long')).toMatchObject({ verb: 'release', solo: true });
  expect(ended).toEqual(['stuck']);
});

test('a call that lets its thread answer past one task’s hard limit may go on with the others', async () => {
  const { engine, queue, clock, ended } = await play(batching, shortAndLong);
  await clock.pass(1_100);
  for (let stretch = 0; stretch < 10; stretch++) {
    engine.block(true);
    await clock.pass(900);
    engine.block(false);
    await clock.pass(100);
  }
  expect(ended).toEqual([]);
  engine.end('long');
  await clock.calm();
  expect(queue.verbs('long')).toEqual(['complete']);
});

test('a call that blocks its thread later than a task’s hard limit is noticed too', async () => {
  const { engine, queue, clock, ended } = await play(batching, shortAndLong);
  await clock.pass(5_000);
  engine.block(true);
  await clock.pass(1_100);
  expect(queue.settlement('long')).toMatchObject({ verb: 'release', solo: true });
  expect(ended).toEqual(['stuck']);
});

test('a call that blocks its thread once the task past its limit has left may go on with the others', async () => {
  const { engine, queue, clock, ended } = await play(batching, shortAndLong);
  await clock.pass(1_000);
  engine.block(true);
  await clock.pass(100);
  engine.fail('short');
  await clock.pass(10_000);
  expect(queue.verbs('short')).toEqual(['release']);
  expect(queue.verbs('long')).toEqual([]);
  expect(ended).toEqual([]);
});

test('a run that is known to block its thread for long may do so, whatever one task’s limit says', async () => {
  const { engine, queue, clock, ended } = await play(batching, (played) => add(2)(played));
  await clock.pass(5_000);
  engine.finish();
  shortAndLong(queue);
  await clock.calm();
  engine.block(true);
  await clock.pass(5_500);
  expect(queue.settlement('short')).toMatchObject({ verb: 'release', solo: true });
  expect(queue.verbs('long')).toEqual([]);
  expect(ended).toEqual([]);
  await clock.pass(600);
  expect(queue.settlement('long')).toMatchObject({ verb: 'release', solo: true });
  expect(ended).toEqual(['stuck']);
});

test('a run that hangs while another model has items proves nothing against either: both run alone next', async () => {
  const { queue, clock, ended } = await play(
    [loadedModel('m', { maxBatchSize: 1 }), loadedModel('steps', { continuous: true })],
    (played) => {
      played.add('steps', { id: 'stepping' });
      played.add('m', { id: 'hanging', more: { hardLimitMs: 1_000 } });
    },
  );
  await clock.pass(3_000);
  expect(queue.settlement('hanging')).toMatchObject({ verb: 'release', solo: true });
  expect(queue.settlement('stepping')).toMatchObject({ verb: 'release', solo: true });
  expect(ended).toEqual(['stuck']);
});

test('a run that goes on for its whole hard limit after settling all its tasks ends the executor', async () => {
  const { engine, clock, ended } = await play(batching, add(1));
  engine.end('m0');
  await clock.pass(9_000);
  expect(ended).toEqual([]);
  await clock.pass(2_000);
  expect(ended).toEqual(['stuck']);
});

test('an engine that breaks takes what it runs with it, but not what it had finished', async () => {
  const { engine, queue, clock, ended } = await play(batching, add(2));
  engine.end('m0');
  engine.break();
  await clock.calm();
  expect(queue.verbs('m0')).toEqual(['complete']);
  expect(queue.verbs('m1')).toEqual([]);
  expect(ended).toEqual(['broken']);
});

test('a fault of the engine charges nobody: what runs is given back to run alone, what waits as it was', async () => {
  const { engine, queue, clock, ended } = await play(batching, add(2));
  engine.fault();
  await clock.calm();
  expect([queue.settlement('m0'), queue.settlement('m1')]).toMatchObject([
    { verb: 'release', solo: true },
    { verb: 'release', solo: true },
  ]);
  expect(ended).toEqual(['stuck']);
});

test('a task that runs alone because of a fault, and meets another one, ends with its executor and is charged', async () => {
  const { engine, queue, clock, ended } = await play(batching, (waiting) => void waiting.add('m', { id: 'm0', solo: true }));
  engine.fault();
  await clock.calm();
  expect(queue.verbs('m0')).toEqual([]);
  expect(ended).toEqual(['broken']);
});

test('one of several that may have caused an error is given back uncharged, to run alone', async () => {
  const { engine, queue, clock } = await play(batching, add(2));
  engine.end('m0', { kind: 'suspect' });
  engine.end('m1', { kind: 'suspect' });
  engine.callEnded('m');
  await clock.calm();
  expect(queue.settlement('m0')).toMatchObject({ verb: 'release', solo: true });
  expect(queue.settlement('m1')).toMatchObject({ verb: 'release', solo: true });
});

test('a stop claims nothing more and lets what runs finish', async () => {
  const { engine, queue, clock, executor } = await play(batching, add(6));
  let stopped = false;
  void executor.stop(10_000).then(() => {
    stopped = true;
  });
  await clock.pass(5_000);
  expect(stopped).toBe(false);
  expect(engine.aborted).toEqual([]);
  engine.finish();
  await clock.calm();
  expect(stopped).toBe(true);
  expect(queue.claims).toHaveLength(1);
  expect(queue.waiting).toHaveLength(2);
});

test('what does not finish within the grace is given back uncharged, and its lease is kept until then', async () => {
  const { queue, clock, executor } = await play(batching, add(2));
  let stopped = false;
  void executor.stop(5_000).then(() => {
    stopped = true;
  });
  await clock.pass(4_999);
  expect(queue.extended.length).toBeGreaterThanOrEqual(4);
  expect(stopped).toBe(false);
  await clock.pass(1);
  expect(queue.settled.flat()).toMatchObject([
    { id: 'm0', verb: 'release', solo: false },
    { id: 'm1', verb: 'release', solo: false },
  ]);
  expect(stopped).toBe(true);
});

test('a second stop shortens the grace of the first', async () => {
  const { queue, clock, executor } = await play(batching, add(1));
  void executor.stop(60_000);
  await clock.pass(100);
  void executor.stop(0);
  await clock.pass(1);
  expect(queue.verbs('m0')).toEqual(['release']);
});

test('a stop gives back what a claim on its way still brings', async () => {
  const { engine, queue, clock, executor } = await play(batching, (played) => {
    played.roundTripMs = 10;
    add(1)(played);
  });
  const stopping = executor.stop(60_000);
  await clock.pass(30);
  await stopping;
  expect(engine.batches).toEqual([]);
  expect(queue.verbs('m0')).toEqual(['release']);
});

test('an executor that the queue does not know asks to be ended', async () => {
  const { queue, clock, ended } = await play(batching);
  queue.claim = async () => ({ kind: 'unregistered' });
  await clock.pass(1_500);
  expect(ended).toEqual(['struck']);
});
