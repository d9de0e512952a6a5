import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, type Stack, startStack } from './support/stack.ts';

const root = join(import.meta.dirname, '..');
const examples = join(root, 'examples');
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  await stack.startWorker(['--repository', join(examples, 'models')]);
});
afterAll(() => stack?.stop());

/** What an example printed. Fails if the example did. */
async function output(name: string, ...args: string[]): Promise<string> {
  const env = { INFERQ_SERVER: stack.address };
  const { code, stdout, stderr } = await command(process.execPath, [join(examples, `${name}.ts`), ...args], { env });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** All that charlm wrote for a task. */
async function wholeText(taskId: string): Promise<string> {
  const { outputs } = await stack.client.getResult(taskId, { waitMs: 30_000 });
  return Buffer.concat(outputs.text?.data as Uint8Array[]).toString();
}

test('stream-text prints the whole text of its task', async () => {
  const printed = await output('stream-text', 'Once upon');
  const taskId = /^task (\S+)\n/.exec(printed)?.[1] ?? '';
  const text = await wholeText(taskId);
  expect(text).toHaveLength(120);
  expect(printed).toContain(`${text}\nSUCCEEDED\n`);
});

test('many-tasks reads 40 results, at least 38 of them right', async () => {
  const printed = await output('many-tasks');
  expect(printed.match(/^row \d+: \d$/gm)).toHaveLength(40);
  expect(Number(/^(\d+) of 40 are right$/m.exec(printed)?.[1])).toBeGreaterThanOrEqual(38);
});

test('nested-lists sends three images as one tensor and reads a list of scores for each', async () => {
  const printed = (await output('nested-lists')).trim().split('\n');
  expect(printed[0]).toBe('sent FP32 [3,64]');
  expect(printed.slice(1)).toEqual(['2', '0', '4'].map((label) => expect.stringMatching(`^${label} of \\[(-?\\d+\\.\\d,?){10}\\]$`)));
});

test('idempotent-submit creates one task and is told of other content', async () => {
  expect(await output('idempotent-submit', 'order-1')).toBe(
    'same task: true, duplicate: true\nother content under the same key: IDEMPOTENCY_CONFLICT\n',
  );
});

test('errors meets the class that it expects in every case', async () => {
  const classes = [...(await output('errors')).matchAll(/^([^:]+): (\w+)/gm)].map(([, what, how]) => [what, how]);
  expect(classes).toEqual([
    ['a parameter that is too small', 'InvalidRequestError'],
    ['a model that does not exist', 'NotFoundError'],
    ['a prompt that the model refuses', 'TaskFailedError'],
    ['an answer that takes too long', 'DeadlineError'],
    ['a call that we abort', 'AbortedError'],
    ['a correct request', 'succeeded'],
    ['a server that is not there', 'UnavailableError'],
  ]);
});

test('cancel ends its task after three chunks', async () => {
  expect(await output('cancel')).toMatch(/after 3 chunks: cancel requested: true\n(.*\n)*CANCELLED\n$/);
});

test('resume-watch continues in a second process where the first left', async () => {
  const first = await output('resume-watch');
  const [, start = '', taskId = '', sequence = ''] = /^([\s\S]*)\nnode examples\/resume-watch\.ts (\S+) (\d+)\n$/.exec(first) ?? [];
  expect(start).not.toBe('');
  expect(start + (await output('resume-watch', taskId, sequence))).toBe(await wholeText(taskId));
});

test('scan reads a 2, finds a blank page unreadable, and is refused what is no scan', async () => {
  expect(await output('scan')).toBe("[ '2', 'unreadable' ]\nINVALID_INPUT: pixels go from 0 to 16\n");
});

test('the documentation shows the handler of scan as it is', () => {
  const page = readFileSync(join(root, 'docs/models.md'), 'utf8');
  for (const file of ['scan/model.yaml', 'scan/1/handler.ts']) {
    expect(page).toContain(` ${file}\n${readFileSync(join(examples, 'models', file), 'utf8')}\`\`\`\n`);
  }
});

test('the README of the examples lists every one of them', () => {
  const page = readFileSync(join(examples, 'README.md'), 'utf8');
  for (const name of readdirSync(examples).filter((file) => file.endsWith('.ts'))) expect(page).toContain(`node examples/${name}`);
});
