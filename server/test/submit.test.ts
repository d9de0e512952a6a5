import { atOnce } from '@inferq/core/slices.ts';
import { newTaskId } from '@inferq/core/task-id.ts';
import { TensorContents } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { NewTask, SubmitOutcome } from '@inferq/queue/queue.ts';
import type { SubmitCommand } from '@inferq/server/broker.ts';
import { contentDigest } from '@inferq/server/use-cases/submit/digest.ts';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  commandOf,
  grantedValue,
  modelSpec,
  openCall,
  refusalOf,
  startBroker,
  startTime,
  type TestBroker,
  tensorOf,
} from './support/broker.ts';
import { snapshotOf } from './support/fake-queue.ts';

const plain = { bindToCall: false, outputs: true };
const other = newTaskId(startTime - 1_000, 0, new Uint8Array(14));
let t: TestBroker;
beforeEach(() => {
  t = startBroker();
});

function submitted(): NewTask[] {
  return t.queue.callsOf('submit').flatMap(([tasks]) => tasks as NewTask[]);
}

/** Whether so many calls wait: each has a timer, and the hub one for all of them. */
function areWaiting(calls: number): boolean {
  return t.clock.pending === calls + 1;
}

async function firstTask(): Promise<NewTask> {
  return vi.waitUntil(() => submitted()[0]);
}

test('a submit answers with the id that the task is stored under', async () => {
  const { taskId, duplicate, task } = grantedValue(await t.broker.submit(commandOf(), plain, openCall().call));
  expect(t.queue.records.get(taskId)?.model).toBe('echo');
  expect({ duplicate, task }).toEqual({ duplicate: false, task: undefined });
  expect(submitted()[0]?.watchBy).toBeUndefined();
});

test('submits of one tick share script calls of at most 1,000 items and 1 MB', async () => {
  const commands = [...Array(1_001).fill(commandOf()), ...Array(130).fill(commandOf({ encodeInput: () => new Uint8Array(16_384) }))];
  const outcomes = await Promise.all(commands.map((command) => t.broker.submit(command, plain, openCall().call)));
  expect(new Set(outcomes.map((outcome) => grantedValue(outcome).taskId)).size).toBe(1_131);
  expect(t.queue.callsOf('submit').map(([tasks]) => (tasks as NewTask[]).length)).toEqual([1_000, 64, 64, 3]);
});

test('an unknown model is looked for again before it is refused', async () => {
  grantedValue(await t.broker.submit(commandOf(), plain, openCall().call));
  t.registry.models.push(modelSpec({ name: 'new' }));
  grantedValue(await t.broker.submit(commandOf({ model: 'new' }), plain, openCall().call));
  expect(t.reads()).toBe(2);
  expect(refusalOf(await t.broker.submit(commandOf({ model: 'nope' }), plain, openCall().call)).reason).toBe('MODEL_NOT_FOUND');
  expect(t.reads()).toBe(3);
});

test('the registry is read once a second while it is used', async () => {
  const submit = () => t.broker.submit(commandOf(), plain, openCall().call);
  await Promise.all([submit(), submit()]);
  await submit();
  expect(t.reads()).toBe(1);
  t.clock.pass(1_000);
  await Promise.all([submit(), submit()]);
  expect(t.reads()).toBe(2);
});

test.each([
  [{ kind: 'conflict', id: other }, 'IDEMPOTENCY_CONFLICT', other],
  [{ kind: 'full', what: 'tasks' }, 'QUEUE_FULL', '10 tasks'],
  [{ kind: 'full', what: 'bytes' }, 'QUEUE_FULL', '1000 bytes'],
  [{ kind: 'full', what: 'results' }, 'RESULTS_FULL', '1000 bytes'],
  [{ kind: 'full', what: 'memory' }, 'MEMORY_FULL', '80 %'],
] satisfies [SubmitOutcome, string, string][])('%j is refused as %s with what it is about', async (outcome, reason, named) => {
  t.queue.submitAnswer = () => outcome;
  const refusal = refusalOf(await t.broker.submit(commandOf(), plain, openCall().call));
  expect(refusal).toMatchObject({ reason, message: expect.stringContaining(named) });
  if (outcome.kind === 'full') expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(1_000);
});

test('a store that cannot be reached is a refusal with a hint', async () => {
  t.queue.failing.add('submit');
  expect(refusalOf(await t.broker.submit(commandOf(), plain, openCall().call))).toMatchObject({
    ...{ reason: 'STORE_UNAVAILABLE', retryAfterMs: 1_000 },
  });
});

describe('with wait', () => {
  const waiting = { ...plain, waitMs: 5_000 };

  test('answers with the end, also one that comes before the submit is acknowledged', async () => {
    const release = t.queue.hold('submit');
    const reply = t.broker.submit(commandOf(), waiting, openCall().call);
    const { id } = await firstTask();
    t.queue.succeed(id);
    release();
    const { task } = grantedValue(await reply);
    expect(task).toMatchObject({ snapshot: { state: 'succeeded' }, output: Buffer.from('done') });
    expect(t.queue.callsOf('inspect')).toEqual([]);
    expect(t.clock.pending).toBe(0);
  });

  test('a wait that runs out answers with the task as it stands', async () => {
    const reply = t.broker.submit(commandOf(), waiting, openCall().call);
    const { id } = await firstTask();
    await vi.waitUntil(() => areWaiting(1));
    t.queue.deaf = true;
    t.queue.start(id);
    t.clock.pass(5_000);
    expect(grantedValue(await reply)).toMatchObject({ taskId: id, task: { snapshot: { state: 'running' } } });
    await vi.waitUntil(() => !t.queue.watchers.has(id));
  });

  test('a large output is read in full', async () => {
    const reply = t.broker.submit(commandOf(), waiting, openCall().call);
    const { id } = await firstTask();
    t.queue.succeed(id, new Uint8Array(100_000));
    expect(grantedValue(await reply).task?.output?.length).toBe(100_000);
  });

  test('a duplicate that has ended is answered at once, another when it ends', async () => {
    const key = commandOf({ idempotencyKey: 'k' });
    t.queue.submitAnswer = () => ({ kind: 'duplicate', snapshot: snapshotOf(other, { state: 'failed' }) });
    expect(grantedValue(await t.broker.submit(key, waiting, openCall().call))).toMatchObject({
      ...{ taskId: other, duplicate: true, task: { snapshot: { state: 'failed' } } },
    });
    t.queue.create(other);
    t.queue.submitAnswer = () => ({ kind: 'duplicate', snapshot: snapshotOf(other) });
    const reply = t.broker.submit(key, waiting, openCall().call);
    await vi.waitUntil(() => t.queue.watchers.has(other));
    t.queue.succeed(other);
    expect(grantedValue(await reply)).toMatchObject({ taskId: other, duplicate: true, task: { snapshot: { state: 'succeeded' } } });
  });

  test('a server that stops answers with the task as it stands', async () => {
    const reply = t.broker.submit(commandOf(), waiting, openCall().call);
    const { id } = await firstTask();
    await vi.waitUntil(() => areWaiting(1));
    t.broker.stop();
    expect(grantedValue(await reply)).toMatchObject({ taskId: id, task: { snapshot: { state: 'queued' } } });
  });
});

describe('bound to its call', () => {
  const bound = { ...plain, waitMs: 5_000, bindToCall: true };
  const key = commandOf({ idempotencyKey: 'k' });

  test('a task is submitted as held by its call, and one that is not bound by none', async () => {
    const replies = [bound, { ...bound, bindToCall: false }].map((options) => t.broker.submit(commandOf(), options, openCall().call));
    await vi.waitUntil(() => submitted().length === 2);
    expect(submitted().map(({ boundTo }) => boundTo)).toEqual(['inbox-1/1', undefined]);
    t.broker.stop();
    await Promise.all(replies);
  });

  test('a call that breaks off lets go of its task, to be cancelled after the grace time', async () => {
    const { call, leave } = openCall(startTime + 9_000);
    const reply = t.broker.submit(commandOf(), bound, call);
    const { id, startWithinMs } = await firstTask();
    expect(startWithinMs).toBe(9_000);
    await vi.waitUntil(() => areWaiting(1));
    leave();
    await reply;
    expect(t.queue.callsOf('unbind')).toEqual([[{ id, call: 'inbox-1/1' }, 2_000]]);
  });

  test('a call that breaks off before its task is acknowledged lets go of it too', async () => {
    const release = t.queue.hold('submit');
    const { call, leave } = openCall();
    const reply = t.broker.submit(commandOf(), bound, call);
    const { id } = await firstTask();
    leave();
    release();
    await reply;
    expect(t.queue.callsOf('unbind')).toEqual([[{ id, call: 'inbox-1/1' }, 2_000]]);
  });

  test('a call that was answered with the end of its task has nothing to let go of', async () => {
    const { call, leave } = openCall();
    const reply = t.broker.submit(commandOf(), bound, call);
    const { id } = await firstTask();
    t.queue.succeed(id);
    await reply;
    leave();
    expect(t.queue.callsOf('unbind')).toEqual([]);
  });

  test('a call whose wait runs out lets its task go on by itself', async () => {
    const { call, leave } = openCall();
    const reply = t.broker.submit(commandOf(), bound, call);
    const { id } = await firstTask();
    await vi.waitUntil(() => areWaiting(1));
    t.clock.pass(5_000);
    await reply;
    leave();
    expect(t.queue.callsOf('unbind')).toEqual([[{ id, call: 'inbox-1/1' }, undefined]]);
  });

  test('each of two calls that hold one task lets go of it under its own name', async () => {
    const [first, second] = [openCall(), openCall()];
    const replies = [t.broker.submit(key, bound, first.call)];
    const { id } = await firstTask();
    t.queue.submitAnswer = () => ({ kind: 'duplicate', snapshot: snapshotOf(id) });
    replies.push(t.broker.submit(key, bound, second.call));
    await vi.waitUntil(() => areWaiting(2));
    expect(submitted().map(({ boundTo }) => boundTo)).toEqual(['inbox-1/1', 'inbox-1/2']);
    second.leave();
    await replies[1];
    expect(t.queue.callsOf('unbind')).toEqual([[{ id, call: 'inbox-1/2' }, 2_000]]);
    first.leave();
    await replies[0];
    expect(t.queue.callsOf('unbind').at(-1)).toEqual([{ id, call: 'inbox-1/1' }, 2_000]);
  });

  test('that a call broke off is told again until the store takes it', async () => {
    const { call, leave } = openCall();
    const reply = t.broker.submit(commandOf(), bound, call);
    await firstTask();
    await vi.waitUntil(() => areWaiting(1));
    t.queue.failing.add('unbind');
    leave();
    await reply;
    t.queue.failing.clear();
    await vi.waitUntil(() => {
      t.clock.pass(1_000);
      return t.queue.callsOf('unbind').length === 2;
    });
  });
});

describe('GetResult', () => {
  const wanted = { outputs: true };

  test('answers with the task as it stands', async () => {
    t.queue.create(other, { state: 'queued', queue: 'batch' });
    expect(grantedValue(await t.broker.getResult(other, wanted, openCall().call))).toMatchObject({
      ...{ snapshot: { state: 'queued' }, unserved: 'echo:1 is not served in queue batch; in default it is' },
    });
    expect(t.queue.callsOf('inspect')).toEqual([[[other], undefined]]);
  });

  test('with wait, answers when the task ends', async () => {
    t.queue.create(other);
    const reply = t.broker.getResult(other, { ...wanted, waitMs: 1_000 }, openCall().call);
    await vi.waitUntil(() => t.queue.watchers.has(other));
    t.queue.succeed(other);
    expect(grantedValue(await reply)).toMatchObject({ output: Buffer.from('done') });
  });

  test('with wait, sees an end that only a wake-up tells of while it reads', async () => {
    t.queue.create(other);
    const release = t.queue.hold('inspect');
    const reply = t.broker.getResult(other, { ...wanted, waitMs: 1_000 }, openCall().call);
    await vi.waitUntil(() => t.queue.watchers.has(other));
    t.queue.deaf = true;
    t.queue.succeed(other);
    t.queue.deaf = false;
    t.queue.publish(other, [{ kind: 'wake', id: other }]);
    release();
    expect(grantedValue(await reply)).toMatchObject({ snapshot: { state: 'succeeded' } });
  });

  test('with wait, reads once more where a wake-up came after what a read found', async () => {
    t.queue.create(other);
    const reply = t.broker.getResult(other, { ...wanted, waitMs: 1_000 }, openCall().call);
    await vi.waitUntil(() => areWaiting(1));
    const release = t.queue.hold('inspect');
    t.queue.publish(other, [{ kind: 'wake', id: other }]);
    await vi.waitUntil(() => t.queue.callsOf('inspect').length === 2);
    t.queue.deaf = true;
    t.queue.succeed(other);
    t.queue.deaf = false;
    t.queue.publish(other, [{ kind: 'wake', id: other }]);
    release();
    expect(grantedValue(await reply)).toMatchObject({ snapshot: { state: 'succeeded' } });
  });

  test.each([-1, 300_001, Number.NaN])('a wait of %d ms is refused', async (waitMs) => {
    expect(refusalOf(await t.broker.getResult(other, { ...wanted, waitMs }, openCall().call))).toMatchObject({
      violations: [{ field: 'wait' }],
    });
  });

  test('a task served in its queue is not unserved', async () => {
    grantedValue(await t.broker.submit(commandOf(), plain, openCall().call));
    t.queue.create(other);
    expect(grantedValue(await t.broker.getResult(other, wanted, openCall().call)).unserved).toBeUndefined();
  });
});

describe('GetInput', () => {
  test('answers the stored input', async () => {
    t.queue.create(other);
    t.queue.inputs.set(other, Buffer.from('input'));
    expect(grantedValue(await t.broker.getInput(other))).toEqual(Buffer.from('input'));
  });

  test.each([
    [{ state: 'succeeded' as const }, /deleted when the task ended \(succeeded\): set keep_input/],
    [{ state: 'failed' as const, redrivenTo: 'the-next' }, /moved to task the-next when it was redriven/],
  ])('says why that of %j is gone', async (changes, sentence) => {
    t.queue.create(other, changes);
    expect(refusalOf(await t.broker.getInput(other))).toMatchObject({ reason: 'INPUT_GONE', message: expect.stringMatching(sentence) });
  });

  test.each([other, 'nonsense'])('of the unknown task %s there is none', async (id) => {
    expect(refusalOf(await t.broker.getInput(id))).toMatchObject({ reason: 'TASK_NOT_FOUND' });
  });
});

describe('the digest of a request', () => {
  const floats = (values: number[]) => {
    const value = TensorContents.encode(TensorContents.create({ fp32Contents: values })).finish();
    return { ...tensorOf(1), data: { $case: 'contents' as const, value } };
  };
  const digest = (changes: Partial<SubmitCommand> = {}) => atOnce(contentDigest(commandOf(changes)));
  const seed = (value: bigint) => ({ $case: 'int64Param' as const, value });

  test.each([
    ['model', { model: 'other' }],
    ['version', { version: '1' }],
    ['queue', { queue: 'batch' }],
    ['priority', { priority: 5 }],
    ['delay', { delayMs: 1 }],
    ['not_before', { notBefore: 1 }],
    ['ignore_result', { ignoreResult: false }],
    ['keep_input', { keepInput: false }],
    ['result_ttl', { resultTtlMs: 1 }],
    ['inputs', { inputs: [tensorOf(2)] }],
    ['input contents', { inputs: [floats([1, 2])] }],
    ['parameters', { parameters: new Map([['seed', seed(1n)]]) }],
  ])('differs with another %s', (_what, changes) => {
    expect(digest(changes)).not.toBe(digest());
  });

  test('is the same for the same content', () => {
    const entries = Object.entries({ a: seed(1n), b: seed(2n) });
    const parameters = new Map(entries);
    const sorted = digest({ parameters, inputs: [floats([1, 2])] });
    expect(digest({ parameters: new Map(entries.reverse()), inputs: [floats([1, 2])] })).toBe(sorted);
    expect(digest({ parameters, inputs: [floats([2, 1])] })).not.toBe(sorted);
    expect(digest({ metadata: new Map([['a', 'b']]), idempotencyKey: 'k' })).toBe(digest());
  });

  test('is made in slices of a large input, and is not that of another one', () => {
    const large = (last: number) => {
      const value = new Uint8Array(3_000_000);
      value[value.length - 1] = last;
      return commandOf({ inputs: [{ ...tensorOf(1), data: { $case: 'raw', value } }] });
    };
    const work = contentDigest(large(1));
    let slices = 0;
    for (let step = work.next(); !step.done; step = work.next()) slices += 1;
    expect(slices).toBeGreaterThan(4);
    expect(atOnce(contentDigest(large(1)))).not.toBe(atOnce(contentDigest(large(2))));
  });
});

test('a reconnect while a waiting submit is under way does not take the task for one that has gone', async () => {
  const release = t.queue.hold('submit');
  t.queue.submitAnswer = ({ id }) => ({ kind: 'accepted', id, submittedAt: 0 });
  const reply = t.broker.submit(commandOf(), { ...plain, waitMs: 10_000 }, openCall().call);
  const { id } = await firstTask();
  // The inbox is back before the script has run: there is no record yet.
  t.queue.resume();
  await vi.waitUntil(() => t.queue.callsOf('inspect').length > 0);
  t.queue.create(id);
  t.queue.watchers.add(id);
  release();
  t.queue.succeed(id);
  expect(grantedValue(await reply).task?.snapshot.state).toBe('succeeded');
});
