import { readFileSync } from 'node:fs';
import { type Tensor, tensor, texts } from '@inferq/client/index.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inferq, type Stack, startStack } from './support/stack.ts';

const samples = JSON.parse(readFileSync(new URL('../models/digits/samples.json', import.meta.url), 'utf8')) as {
  samples: { label: number; image: number[] }[];
};
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

function textOf(outputs: Record<string, Tensor>): string {
  const { text } = outputs;
  return text ? texts(text).join('') : '';
}

function image(values: number[]) {
  return { image: tensor.fp32([1, 64], values) };
}

test('a digit is recognised through the whole path, and its result says who ran it', async () => {
  const [first] = samples.samples;
  const task = await stack.client.predict({ model: 'digits', inputs: image(first?.image ?? []) });
  expect(task.classifications[0]?.[0]?.label).toBe(String(first?.label));
  expect(task.classifications[0]).toHaveLength(3);
  expect(task.execution).toMatchObject({ attempt: 1, device: 'cpu', batchTasks: 1, batchRows: 1 });
  expect(task.execution?.worker).not.toBe('');
  expect(task.execution?.executor).not.toBe('');
});

test('held-out images are recognised in batches, and each gets its own answer', async () => {
  const items = samples.samples.map((sample, index) => ({
    correlationId: String(index),
    submit: { model: 'digits', inputs: image(sample.image) },
    follow: true,
  }));
  const labels = new Map<string, string>();
  const ids = new Map<string, string>();
  for await (const output of stack.client.submitMany(items)) {
    if (output.kind === 'accepted') ids.set(output.taskId, output.correlationId);
    if (output.kind === 'event' && output.event.kind === 'state' && output.event.task.state === 'SUCCEEDED') {
      labels.set(ids.get(output.event.taskId) ?? '', output.event.task.classifications[0]?.[0]?.label ?? '');
    }
  }
  const right = samples.samples.filter((sample, index) => labels.get(String(index)) === String(sample.label)).length;
  expect(labels.size).toBe(samples.samples.length);
  expect(right / samples.samples.length).toBeGreaterThanOrEqual(0.95);
});

test('a parameter outside of the bounds that its model declares is refused with the field, and never becomes a task', async () => {
  const inputs = { prompt: tensor.strings([1], ['Once']) };
  const submit = (parameters: Record<string, number>) => stack.client.submit({ model: 'charlm', inputs, parameters });
  await expect(submit({ max_tokens: 99_999_999, temperature: -1 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [
      { field: 'parameters.max_tokens', description: 'is 99999999, but must be between 1 and 4096' },
      { field: 'parameters.temperature', description: 'is -1, but must be between 0 and 5' },
    ],
  });
  const told: string[] = [];
  for await (const output of stack.client.submitMany([{ submit: { model: 'charlm', inputs, parameters: { max_tokens: 0 } } }])) {
    told.push(output.kind === 'refused' ? output.error.message : output.kind);
  }
  expect(told).toEqual([expect.stringContaining('must be between 1 and 4096')]);
});

test('a model is described, with the bounds of its parameters, to programs and to people', async () => {
  const model = await stack.client.model('charlm');
  expect(model.description).toMatch(/^Fairy tales/);
  expect(model.parameters[0]).toMatchObject({ name: 'max_tokens', defaultValue: 200n, minValue: 1n, maxValue: 4096n, allowedValues: [] });
  const { stdout } = await inferq(['models'], { server: stack.address });
  expect(stdout).toContain('Fairy tales');
  expect(stdout).toContain('max_tokens=200 (1 to 4096)');
});

test('of a stream whose ends alone are followed nothing comes but outcomes and results', async () => {
  const submit = { model: 'charlm', inputs: { prompt: tensor.strings([1], ['Once']) }, parameters: { max_tokens: 20, seed: 7 } };
  const told: string[] = [];
  for await (const output of stack.client.submitMany([
    { submit, follow: 'end' },
    { submit, follow: 'end' },
  ])) {
    const { kind } = output;
    told.push(
      kind === 'event' && output.event.kind === 'state' ? `${output.event.task.state} ${textOf(output.event.task.outputs).length}` : kind,
    );
  }
  expect(told.sort()).toEqual(['SUCCEEDED 20', 'SUCCEEDED 20', 'accepted', 'accepted']);
});

test('a text is streamed piece by piece, and the result holds the whole of it', async () => {
  const request = { model: 'charlm', inputs: { prompt: tensor.strings([1], ['Once upon']) }, parameters: { max_tokens: 80, seed: 7 } };
  const { taskId } = await stack.client.submit(request);
  let streamed = '';
  let pieces = 0;
  let whole = '';
  for await (const event of stack.client.watch(taskId)) {
    if (event.kind === 'chunk') {
      streamed += textOf(event.outputs);
      pieces += 1;
    }
    if ((event.kind === 'state' || event.kind === 'snapshot') && event.task.state === 'SUCCEEDED') whole = textOf(event.task.outputs);
  }
  expect(pieces).toBeGreaterThan(5);
  expect(whole).toHaveLength(80);
  expect(streamed).toBe(whole);
  const again = await stack.client.predict(request);
  expect(textOf(again.outputs)).toBe(whole);
});

test('a stream stops soon after it is cancelled', async () => {
  const { taskId } = await stack.client.submit({
    model: 'charlm',
    inputs: { prompt: tensor.strings([1], ['Once']) },
    parameters: { max_tokens: 4096 },
  });
  let last = '';
  for await (const event of stack.client.watch(taskId)) {
    if (event.kind === 'chunk' && event.index === 1) await stack.client.cancel(taskId);
    if (event.kind === 'state') last = event.task.state;
  }
  expect(last).toBe('CANCELLED');
});

test('a model stays known, and a task is accepted and shown as unserved, when its worker has gone', async () => {
  const other = await startStack();
  try {
    await other.workers[0]?.stop();
    const { taskId } = await other.client.submit({ model: 'digits', inputs: image(samples.samples[0]?.image ?? []) });
    expect(await other.client.getResult(taskId)).toMatchObject({ state: 'QUEUED', unserved: true });
    await expect(other.client.submit({ model: 'digits', inputs: { image: tensor.fp32([1, 63], new Array(63).fill(0)) } })).rejects.toThrow(
      /64/,
    );
    await other.startWorker();
    expect(await other.client.getResult(taskId, { waitMs: 30_000 })).toMatchObject({ state: 'SUCCEEDED', unserved: false });
  } finally {
    await other.stop();
  }
});

test('the command line answers a digit and exits with 0', async () => {
  const result = await inferq(['submit', 'digits', '--input', 'models/digits/sample.json', '--watch', '--json'], { server: stack.address });
  const last = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
  expect(result.code).toBe(0);
  expect(last.state).toBe('TASK_STATE_SUCCEEDED');
  expect(last.classifications[0].classes[0].label).toMatch(/^[0-9]$/);
});

test('the command line exits with 3 when no server answers, in one sentence', async () => {
  const result = await inferq(['submit', 'digits', '--input', 'models/digits/sample.json'], { server: '127.0.0.1:1' });
  expect(result.code).toBe(3);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
});
