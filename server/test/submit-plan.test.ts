import { limits } from '@inferq/core/limits.ts';
import type { Outcome } from '@inferq/core/refusal.ts';
import type { SubmitCommand } from '@inferq/server/broker.ts';
import { decodeMetadata } from '@inferq/server/use-cases/metadata.ts';
import { indexRegistry, type KnownModels } from '@inferq/server/use-cases/registry/known-models.ts';
import type { SubmitCall } from '@inferq/server/use-cases/submit/check-options.ts';
import { type PlannedTask, planSubmit } from '@inferq/server/use-cases/submit/plan-submit.ts';
import { describe, expect, test } from 'vitest';
import { commandOf, grantedValue, modelSpec, startTime as now, refusalOf, tensorOf, workerEntry } from './support/broker.ts';

const day = 86_400_000;
const unary: SubmitCall = { bindToCall: false, deadline: Number.POSITIVE_INFINITY, inStream: false };
const onnx = modelSpec({ name: 'plain', kind: 'onnx', softLimitMs: 1_000 });
const silent = modelSpec({ name: 'silent', ignoreResult: true });

function knownOf(...args: Parameters<typeof indexRegistry>): KnownModels {
  return indexRegistry(...args);
}
const known = knownOf({ workers: [], models: [modelSpec({ softLimitMs: 500 }), onnx, silent], queues: [] }, ['extra']);

function plan(changes: Partial<SubmitCommand> = {}, call: Partial<SubmitCall> = {}, models = known): Outcome<PlannedTask> {
  return planSubmit(commandOf(changes), { ...unary, ...call }, { known: models, maxInputBytes: 1_000, now });
}

function wrongFields(changes: Partial<SubmitCommand>, call: Partial<SubmitCall> = {}): string[] {
  return refusalOf(plan(changes, call)).violations.map(({ field }) => field);
}

test("what the client left out takes the model's value, then the documented default", () => {
  const { input, signature, ...task } = grantedValue(plan());
  expect(Buffer.from(input).toString()).toBe('input');
  expect(signature).not.toBe('');
  expect(task).toEqual({
    ...{ model: 'echo', version: '1', openVersion: true, queue: 'default', priority: 5, maxAttempts: 4, rows: 1, contents: false },
    ...{ hardLimitMs: 60_000, softLimitMs: 500, resultTtlMs: 600_000, ignoreResult: false, keepInput: false },
  });
});

test('every option that was given reaches the task', () => {
  const task = grantedValue(
    plan({
      ...{ version: '1', queue: 'extra', priority: 0, delayMs: 10.2, startWithinMs: 20, softLimitMs: 5, hardLimitMs: 6, maxAttempts: 1 },
      ...{ resultTtlMs: 1_000, metadata: new Map([['who', 'mé']]), idempotencyKey: 'k', contents: true, inputs: [tensorOf(3)] },
    }),
  );
  expect(task).toMatchObject({
    ...{ openVersion: false, queue: 'extra', priority: 0, delayMs: 11, startWithinMs: 20, softLimitMs: 5, hardLimitMs: 6 },
    ...{ maxAttempts: 1, resultTtlMs: 1_000, contents: true, rows: 3 },
  });
  expect(decodeMetadata(task.metadata)).toEqual(new Map([['who', 'mé']]));
});

test('a request that is wrong in every field has every field named', () => {
  const fields = wrongFields(
    {
      ...{ queue: 'no{tag}', priority: 10, maxAttempts: 0, delayMs: -1, startDeadline: now - 1, softLimitMs: -1, hardLimitMs: 0 },
      ...{
        resultTtlMs: 1,
        metadata: new Map([['a', 'x'.repeat(limits.metadataBytes)]]),
        idempotencyKey: 'k'.repeat(257),
        ignoreResult: true,
      },
      inputs: [tensorOf(1, 'y')],
      parameters: new Map([['nope', { $case: 'boolParam', value: true }]]),
    },
    { waitMs: -1 },
  );
  expect(new Set(fields)).toEqual(
    new Set([
      ...['queue', 'priority', 'max_attempts', 'metadata', 'idempotency_key', 'inputs[0].name', 'inputs', 'parameters.nope', 'delay'],
      ...['start_deadline', 'hard_time_limit', 'soft_time_limit', 'ignore_result', 'result_ttl', 'wait'],
    ]),
  );
});

describe('names', () => {
  test.each(['', 'a b', 'a\nb', 'x'.repeat(65), '{a}', 'x'.repeat(1e6)])('a model cannot be called %j', (model) => {
    const refusal = refusalOf(plan({ model: model.slice(0, 1e6) }));
    expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', violations: [{ field: 'model' }] });
    expect(refusal.message.length).toBeLessThan(300);
  });
  test.each(['0', '-1', '01', '1.0', 'latest'])('%j is no version', (version) => {
    expect(wrongFields({ version })).toEqual(['version']);
  });
});

describe('what does not exist', () => {
  test('an unknown model is told the known ones', () => {
    expect(refusalOf(plan({ model: 'nope' }))).toMatchObject({
      reason: 'MODEL_NOT_FOUND',
      message: 'There is no model "nope". Known: echo, plain, silent',
    });
  });
  test('an unknown version is told the known ones', () => {
    const refusal = refusalOf(plan({ version: '7' }));
    expect(refusal).toMatchObject({ reason: 'MODEL_NOT_FOUND', violations: [{ field: 'version' }] });
    expect(refusal.message).toContain('Known: 1');
  });
  test('an unknown queue is told the known ones', () => {
    expect(refusalOf(plan({ queue: 'nope' }))).toMatchObject({
      reason: 'QUEUE_NOT_FOUND',
      message: 'There is no queue "nope". Known: batch, default, extra, realtime',
    });
  });
  test.each<[Partial<SubmitCommand>, string]>([
    [{ model: 'ehco' }, 'There is no model "ehco". Did you mean "echo"? Known: echo, plain, silent'],
    [{ queue: 'Defaut' }, 'There is no queue "Defaut". Did you mean "default"? Known: batch, default, extra, realtime'],
    [{ version: 'v1' }, 'Did you mean "1"?'],
    [{ version: '01.0' }, 'Did you mean "1"?'],
    [{ model: 'echo:1' }, 'Did you mean the model "echo" with the version "1"?'],
  ])('%j is nearly right, and answered with what is', (nearly, sentence) => {
    expect(refusalOf(plan(nearly)).message).toContain(sentence);
  });
  test('an unknown model with other faults names all of them', () => {
    expect(refusalOf(plan({ model: 'nope', queue: 'nope', priority: 77 }))).toMatchObject({
      reason: 'INVALID_REQUEST',
      violations: [{ field: 'model' }, { field: 'queue' }, { field: 'priority' }],
    });
  });
});

describe('numbers', () => {
  test.each([
    ['priority', { priority: -1 }],
    ['priority', { priority: 2.5 }],
    ['priority', { priority: Number.NaN }],
    ['max_attempts', { maxAttempts: -3 }],
    ['max_attempts', { maxAttempts: limits.maxAttempts + 1 }],
    ['delay', { delayMs: Number.NaN }],
    ['delay', { delayMs: 30 * day + 1 }],
    ['not_before', { notBefore: now + 30 * day + 1 }],
    ['not_before', { notBefore: Number.NaN }],
    ['not_before', { delayMs: 1, notBefore: now + 1 }],
    ['start_within', { startWithinMs: 0 }],
    ['start_within', { startWithinMs: Number.NaN }],
    ['start_within', { startWithinMs: Number.POSITIVE_INFINITY }],
    ['start_deadline', { startDeadline: now }],
    ['start_deadline', { startWithinMs: 5, startDeadline: now + 5 }],
    ['start_within', { startWithinMs: 5, delayMs: 5 }],
    ['start_deadline', { startDeadline: now + 5, notBefore: now + 6 }],
    ['hard_time_limit', { hardLimitMs: 0.5 }],
    ['hard_time_limit', { hardLimitMs: day + 1 }],
    ['hard_time_limit', { hardLimitMs: Number.NaN }],
    ['soft_time_limit', { softLimitMs: 0 }],
    ['soft_time_limit', { softLimitMs: 60_000 }],
    ['soft_time_limit', { softLimitMs: 7, hardLimitMs: 7 }],
    ['soft_time_limit', { softLimitMs: 7, model: 'plain' }],
    ['result_ttl', { resultTtlMs: 999 }],
    ['result_ttl', { resultTtlMs: limits.resultTtlMs + 1 }],
    ['result_ttl', { resultTtlMs: 5_000, ignoreResult: true }],
    ['result_ttl', { resultTtlMs: 5_000, model: 'silent' }],
  ] satisfies [string, Partial<SubmitCommand>][])('%s is refused in %j', (field, changes) => {
    expect(wrongFields(changes)).toEqual([field]);
  });

  test('the largest allowed values are taken', () => {
    const most = { priority: 9, maxAttempts: 100, delayMs: 30 * day, hardLimitMs: day, resultTtlMs: limits.resultTtlMs };
    expect(plan({ ...most, softLimitMs: day - 1, idempotencyKey: 'k'.repeat(256) }).ok).toBe(true);
    expect(plan({}, { waitMs: 300_000 }).ok).toBe(true);
  });

  test('a start that has passed means at once', () => {
    expect(grantedValue(plan({ notBefore: now - 1 }))).not.toHaveProperty('notBefore');
    expect(grantedValue(plan({ notBefore: now + 1 }))).toMatchObject({ notBefore: now + 1 });
  });
});

describe('soft limits', () => {
  test('one of a plain ONNX model acts between slices, so more rows than a batch may have one', () => {
    const inputs = [tensorOf(9)];
    expect(grantedValue(plan({ model: 'plain', softLimitMs: 7, inputs }))).toMatchObject({ softLimitMs: 7 });
    expect(grantedValue(plan({ model: 'plain', inputs }))).toMatchObject({ softLimitMs: 1_000 });
  });
  test("a model's own is passed over where it cannot act", () => {
    expect(grantedValue(plan({ model: 'plain' }))).not.toHaveProperty('softLimitMs');
    expect(grantedValue(plan({ hardLimitMs: 500 }))).not.toHaveProperty('softLimitMs');
  });
});

describe('what ties a task to its call', () => {
  test.each([
    ['wait', {}, { waitMs: limits.waitMs + 1 }],
    ['wait', {}, { waitMs: Number.NaN }],
    ['bind_to_call', {}, { bindToCall: true }],
    ['bind_to_call', {}, { bindToCall: true, waitMs: 0 }],
    ['ignore_result', { ignoreResult: true }, { waitMs: 1 }],
    ['ignore_result', { model: 'silent' }, { waitMs: 1 }],
    ['wait', {}, { inStream: true, waitMs: 1 }],
    ['bind_to_call', {}, { inStream: true, bindToCall: true }],
  ] satisfies [string, Partial<SubmitCommand>, Partial<SubmitCall>][])('%s is refused in %j %j', (field, changes, call) => {
    expect(wrongFields(changes, call)).toEqual([field]);
  });

  test("a model's ignore_result can be turned off for a task that waits", () => {
    expect(grantedValue(plan({ model: 'silent', ignoreResult: false }, { waitMs: 1 }))).toMatchObject({ ignoreResult: false });
  });

  test.each([
    [now + 50, {}, { startWithinMs: 50 }],
    [now + 50, { startDeadline: now + 20 }, { startWithinMs: 50, startDeadline: now + 20 }],
    [now + 50, { startWithinMs: 80 }, { startWithinMs: 50 }],
    [now - 1, {}, { startWithinMs: 0 }],
    [Number.POSITIVE_INFINITY, {}, {}],
  ] satisfies [number, Partial<SubmitCommand>, object][])(
    'what is left of a call that ends at %d stays a duration, with %j: %j',
    (deadline, changes, limits) => {
      const { startWithinMs, startDeadline } = grantedValue(plan(changes, { bindToCall: true, waitMs: 10, deadline }));
      const given = Object.entries({ startWithinMs, startDeadline }).filter(([, value]) => value !== undefined);
      expect(Object.fromEntries(given)).toEqual(limits);
    },
  );
  test("a start limit before the call's end stays as it was given", () => {
    expect(grantedValue(plan({ startWithinMs: 20 }, { bindToCall: true, waitMs: 10, deadline: now + 50 }))).toMatchObject({
      startWithinMs: 20,
    });
  });
  test('the deadline of a call that is not bound is no start deadline', () => {
    expect(grantedValue(plan({}, { waitMs: 10, deadline: now + 50 }))).not.toHaveProperty('startWithinMs');
  });
});

test('a task above the input limit is told the limit', () => {
  const refusal = refusalOf(plan({ encodeInput: () => new Uint8Array(1_001) }));
  expect(refusal).toMatchObject({ reason: 'TOO_LARGE', message: expect.stringContaining('the limit of this server is 1000 per task') });
});

test.each([
  [undefined, undefined, false],
  [undefined, true, true],
  [false, true, false],
  [true, undefined, true],
])('where Submit gives %s for keep_input and the model %s, it is %s', (asked, ofModel, kept) => {
  const models = [modelSpec(ofModel === undefined ? {} : { keepInput: ofModel })];
  const planned = plan(asked === undefined ? {} : { keepInput: asked }, {}, knownOf({ workers: [], models, queues: [] }, []));
  expect(grantedValue(planned).keepInput).toBe(kept);
});

test('the input of a refused request is never encoded', () => {
  const encodeInput = () => {
    throw new Error('was encoded');
  };
  expect(plan({ priority: 11, encodeInput }).ok).toBe(false);
});

describe('an open version', () => {
  const versions = ['1', '2', '3', '10'].map((version) => modelSpec({ version }));
  const served = (queue: string, version: string) => workerEntry(`w${version}`, [queue], [{ name: 'echo', version }]);
  const chosen = (workers: ReturnType<typeof served>[], changes: Partial<SubmitCommand> = {}) =>
    grantedValue(plan(changes, {}, indexRegistry({ workers, models: versions, queues: [] }, []))).version;

  test("is the highest that is ready in the task's queue", () => {
    expect(chosen([served('default', '1'), served('default', '2'), served('batch', '3')])).toBe('2');
    expect(chosen([served('default', '1'), served('default', '2'), served('batch', '3')], { queue: 'batch' })).toBe('3');
  });
  test('is else the highest that is ready anywhere, else the highest known', () => {
    expect(chosen([served('batch', '3')])).toBe('3');
    expect(chosen([])).toBe('10');
  });
});

describe('a model that a live worker could not load', () => {
  const reason = 'line 2: is not valid YAML';
  const worker = (name: string, failed: string[], served: string[] = []) => ({
    ...workerEntry(
      name,
      ['default'],
      served.map((version) => ({ name: 'echo', version })),
    ),
    failedModels: failed.map((version) => ({ name: 'echo', version, reason: `${reason} (v${version})` })),
  });
  const models = [modelSpec({ version: '1' })];
  const submitTo = (workers: ReturnType<typeof worker>[], version: string, specs = models) =>
    plan({ version }, {}, knownOf({ workers, models: specs, queues: [] }, []));

  test.each([
    [
      'was never loaded anywhere',
      [worker('w', ['3'])],
      '',
      [],
      'Model "echo:3" could not be loaded on worker w: line 2: is not valid YAML (v3)',
    ],
    [
      'was loaded before',
      [worker('w', ['1'])],
      '1',
      models,
      'Model "echo:1" could not be loaded on worker w: line 2: is not valid YAML (v1)',
    ],
    [
      'has an older version, which is not live',
      [worker('w', ['3'])],
      '',
      models,
      'Model "echo:3" could not be loaded on worker w: line 2: is not valid YAML (v3)',
    ],
    ['has no valid version', [worker('w', [''])], '2', [], 'Model "echo" could not be loaded on worker w: line 2: is not valid YAML (v)'],
    [
      'failed on several',
      [worker('w', ['1']), worker('x', ['1'])],
      '1',
      models,
      'Model "echo:1" could not be loaded on worker w (and on 1 more): line 2: is not valid YAML (v1)',
    ],
  ])('is refused with the reason where it %s', (_, workers, version, specs, message) => {
    expect(refusalOf(submitTo(workers, version, specs))).toMatchObject({
      reason: 'MODEL_FAILED',
      message,
      violations: [{ field: 'model' }],
    });
  });

  test('is accepted where another worker serves it, or a version that the request allows', () => {
    expect(grantedValue(submitTo([worker('w', ['1']), worker('x', [], ['1'])], '1'))).toMatchObject({ version: '1' });
    expect(grantedValue(submitTo([worker('w', ['3'], ['1'])], ''))).toMatchObject({ version: '1' });
  });

  test('is not confused with versions that are only not there', () => {
    expect(refusalOf(submitTo([worker('w', ['3'])], '2', models))).toMatchObject({ reason: 'MODEL_NOT_FOUND' });
    expect(grantedValue(submitTo([worker('w', ['3'])], '1'))).toMatchObject({ version: '1' });
  });
});
