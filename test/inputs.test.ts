import { tensor } from '@inferq/client/index.ts';
import { limits } from '@inferq/core/limits.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inferq, type Stack, startStack } from './support/stack.ts';

/** Well above what travels through a script. */
const elements = limits.inlineBytes;
const x = () =>
  tensor.fp32(
    [elements],
    Float32Array.from({ length: elements }, (_, index) => index),
  );
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

test('a task that succeeded has its input where that was asked for, also a large one beside a large result', async () => {
  const request = { model: 'bulk', inputs: { x: x() }, parameters: { answer: elements } };
  const kept = await stack.client.predict({ ...request, keepInput: true });
  const input = await stack.client.getInput(kept.id);
  expect(input.inputs).toEqual({ x: x() });
  expect(input.parameters).toEqual({ answer: BigInt(elements) });
  expect((await stack.client.getResult(kept.id)).outputs.y?.data).toHaveLength(elements);
  const again = await stack.client.predict({ model: 'bulk', ...input });
  expect(again.outputs.y?.data).toHaveLength(elements);
  await expect(stack.client.getInput(again.id)).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'INPUT_GONE' });
});

test('a failed task has its input, and its redrive takes it along', async () => {
  const { taskId } = await stack.client.submit({ model: 'bulk', inputs: { x: x() }, parameters: { reject: true } });
  expect(await stack.client.getResult(taskId, { waitMs: 30_000 })).toMatchObject({ state: 'FAILED' });
  expect((await stack.client.getInput(taskId)).inputs).toEqual({ x: x() });
  const { redriven } = await stack.client.admin.redrive({ ids: [taskId] });
  await expect(stack.client.getInput(taskId)).rejects.toThrow(`moved to task ${redriven[taskId]}`);
  expect((await stack.client.getInput(redriven[taskId] ?? '')).inputs).toEqual({ x: x() });
});

test('the command line prints an input for people, and for scripts', async () => {
  const submitted = await inferq(['submit', 'charlm', '--text', 'Once', '--param', 'max_tokens=5', '--keep-input', '--wait', '--json'], {
    server: stack.address,
  });
  const { id } = JSON.parse(submitted.stdout);
  const people = await inferq(['result', id, '--input'], { server: stack.address });
  expect(people).toMatchObject({ code: 0, stdout: 'prompt BYTES [1]: "Once"\nmax_tokens = 5\n' });
  const scripts = await inferq(['result', id, '--input', '--json'], { server: stack.address });
  expect(JSON.parse(scripts.stdout)).toMatchObject({
    inputs: [{ name: 'prompt', contents: { stringContents: ['Once'] } }],
    parameters: { max_tokens: { int64Param: '5' } },
  });
});
