import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, type Stack, startStack } from '../support/stack.ts';
import { program, python, root } from './tools.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const grpcurl = (...args: string[]) => command(program('grpcurl'), ['-plaintext', ...args]);
const digit = { name: 'image', datatype: 'FP32', shape: [1, 64], contents: { fp32Contents: new Array(64).fill(0.5) } };

test('grpcurl lists, describes and calls every service by reflection alone', async () => {
  const listed = await grpcurl(stack.address, 'list');
  expect(listed.stdout.split('\n')).toEqual(expect.arrayContaining(['inferq.v1.Broker', 'inferq.v1.Admin', 'grpc.health.v1.Health']));
  expect((await grpcurl(stack.address, 'describe', 'inferq.v1.Broker')).stdout).toContain('rpc WatchResult');
  const health = await grpcurl(stack.address, 'grpc.health.v1.Health/Check');
  expect(JSON.parse(health.stdout)).toEqual({ status: 'SERVING' });
  const request = JSON.stringify({ model: 'digits', inputs: [digit], wait: '20s' });
  const answer = await grpcurl('-d', request, stack.address, 'inferq.v1.Broker/Submit');
  const { task } = JSON.parse(answer.stdout);
  expect(task.state).toBe('TASK_STATE_SUCCEEDED');
  // Inputs came as typed lists, and so do the outputs.
  expect(task.outputs[0].contents.fp32Contents).toHaveLength(10);
  const watched = await grpcurl('-d', JSON.stringify({ taskId: task.id }), stack.address, 'inferq.v1.Broker/WatchResult');
  expect(watched.stdout).toContain('TASK_STATE_SUCCEEDED');
});

test('grpcurl shows a refusal with its status, its sentence and every wrong field', async () => {
  const request = JSON.stringify({ model: 'digits', inputs: [{ ...digit, shape: [1, 65] }], priority: 11 });
  const answer = await grpcurl('-d', request, stack.address, 'inferq.v1.Broker/Submit');
  expect(answer.stderr).toContain('InvalidArgument');
  expect(answer.stderr).toContain('google.rpc.BadRequest');
  expect(answer.stderr).toContain('inputs[0].shape');
  expect(answer.stderr).toContain('priority');
});

test('a Python client generated from the .proto files works in one process with tritonclient', async () => {
  const stubs = mkdtempSync(join(tmpdir(), 'inferq-stubs-'));
  try {
    const protos = ['tensor', 'task', 'event', 'error', 'model', 'fleet', 'broker', 'admin'].map((name) => `inferq/v1/${name}.proto`);
    const args = ['-m', 'grpc_tools.protoc', '-I', 'proto', `--python_out=${stubs}`, `--grpc_python_out=${stubs}`, ...protos];
    expect(await command(python(), args, { cwd: root })).toMatchObject({ code: 0 });
    const result = await command(python(), ['test/foreign/client.py', stack.address, stubs, 'models/digits/samples.json'], { cwd: root });
    expect(result.stderr).toBe('');
    const { right, samples, streamed, whole, refusal } = JSON.parse(result.stdout);
    expect(right / samples).toBeGreaterThanOrEqual(0.95);
    expect(whole).toHaveLength(40);
    expect(streamed).toBe(whole);
    expect(refusal[0]).toBe('NOT_FOUND');
    expect(refusal[1]).toContain('digits');
  } finally {
    rmSync(stubs, { recursive: true, force: true });
  }
});

test('a short ghz run ends without an error', async () => {
  const request = JSON.stringify({ model: 'digits', inputs: [digit], wait: '20s' });
  const args = ['--insecure', '--call', 'inferq.v1.Broker.Submit', '-d', request, '-n', '2000', '-c', '20', '-O', 'json', stack.address];
  const result = await command(program('ghz'), args);
  const report = JSON.parse(result.stdout);
  expect(report.count).toBe(2_000);
  expect(report.statusCodeDistribution).toEqual({ OK: 2_000 });
});
