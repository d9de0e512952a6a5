import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inferq, type Stack, startStack } from './support/stack.ts';

const digits = fileURLToPath(new URL('../models/digits', import.meta.url));
let stack: Stack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inferq-models-'));
  cpSync(digits, join(folder, 'digits'), { recursive: true });
  mkdirSync(join(folder, 'mute/1'), { recursive: true });
  writeFileSync(join(folder, 'mute/model.yaml'), 'queue: *q\n');
  writeFileSync(join(folder, 'mute/1/model.onnx'), '');
  stack = await startStack({ worker: ['--repository', folder, '--name', 'w'] });
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const why = 'line 1: is not valid YAML: the alias *q has no anchor &q before it';

test('the command line lists what was loaded, and what could not be, with worker and reason', async () => {
  const models = await inferq(['models'], { server: stack.address });
  expect(models.stdout).toMatch(/^digits +1 +onnx /m);
  expect(models.stdout).toMatch(/^mute +1 +- /m);
  expect(models.stdout).toContain(`\nmute:1 could not be loaded on worker w: ${join(folder, 'mute/model.yaml')}: ${why}\n`);
  const workers = await inferq(['workers'], { server: stack.address });
  expect(workers.stdout).toContain(`\nw could not load mute:1: ${join(folder, 'mute/model.yaml')}: ${why}\n`);
  const [, mute] = (await inferq(['models', '--json'], { server: stack.address })).stdout.trim().split('\n');
  expect(JSON.parse(mute ?? '')).toMatchObject({ name: 'mute', loadFailures: [{ worker: 'w', reason: expect.stringContaining(why) }] });
});

test('a Submit to a model that could not be loaded is told why', async () => {
  const submitted = stack.client.submit({ model: 'mute', inputs: {} });
  await expect(submitted).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'MODEL_FAILED',
    message: expect.stringContaining(why),
  });
  const { code, stderr } = await inferq(['submit', 'mute', '--text', 'x', '--wait'], { server: stack.address });
  expect([code, stderr]).toEqual([1, expect.stringContaining(`Model "mute:1" could not be loaded on worker w: `)]);
});

test('a check names the broken file and goes on to the others', async () => {
  const { code, stdout } = await inferq(['models', 'check', folder]);
  expect(stdout).toContain(`broken  mute:1  ${join(folder, 'mute/model.yaml')}: ${why}\n`);
  expect(stdout).toMatch(/^ok {6}digits:1 {2}ONNX, /m);
  expect(code).toBe(1);
});
