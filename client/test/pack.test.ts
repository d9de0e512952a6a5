import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  GetResultResponse,
  SubmitRequest,
  SubmitResponse,
  WatchResultRequest,
  WatchResultResponse,
} from '../../proto/gen/inferq/v1/broker.ts';
import { TaskEvent } from '../../proto/gen/inferq/v1/event.ts';
import { fakeBroker, taskMessage } from './fake-broker.ts';

const client = dirname(import.meta.dirname);
const root = dirname(client);
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferq-pack-'));
  const run = (args: string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run(['run', 'pack:client', '--', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run(['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball)], folder);
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The first node on the path that no package brought. */
function systemNode(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  return folders.map((path) => join(path, 'node')).find((path) => existsSync(path));
}

const program = `
import { InferqClient, NotFoundError, tensor, texts } from '@inferq/client';
const client = new InferqClient();
const { taskId } = await client.submit({ model: 'echo', inputs: { x: tensor.strings([1], ['hello']) } });
const kinds = [];
for await (const event of client.watch(taskId)) kinds.push(event.kind);
const task = await client.getResult(taskId);
const missing = await client.model('none').catch((error) => error instanceof NotFoundError && error.message);
console.log(JSON.stringify({ taskId, kinds, state: task.state, text: texts(task.outputs.x), missing }));
client.close();
`;

/** A broker with one model that answers what it is given. */
function echoBroker() {
  let inputs: SubmitRequest['inputs'] = [];
  const task = () => taskMessage('SUCCEEDED', { sequence: 3n, attempt: 1, outputs: inputs });
  return fakeBroker({
    submit: (call: ServerUnaryCall<SubmitRequest, SubmitResponse>, reply: sendUnaryData<SubmitResponse>) => {
      inputs = call.request.inputs;
      reply(null, { taskId: 't1', duplicate: false, task: undefined });
    },
    getResult: (_: unknown, reply: sendUnaryData<GetResultResponse>) => reply(null, { task: task() }),
    watchResult: (call: ServerWritableStream<WatchResultRequest, WatchResultResponse>) => {
      call.write({ snapshot: taskMessage('RUNNING', { sequence: 2n, attempt: 1 }), events: [] });
      const end = TaskEvent.create({ taskId: 't1', sequence: 3n, attempt: 1, kind: { $case: 'stateChanged', value: task() } });
      call.write({ snapshot: undefined, events: [end] });
      call.end();
    },
    getModel: (_: unknown, reply: sendUnaryData<never>) => reply({ code: status.NOT_FOUND, details: 'no model none' }),
  });
}

const nodes = new Map([
  ['this node', process.execPath],
  ["the system's node", systemNode()],
]);

for (const [name, node] of nodes) {
  test.skipIf(!node)(
    `the packed client works alone, from plain JavaScript, on ${name}`,
    async () => {
      await using broker = await echoBroker();
      const file = join(folder, 'program.mjs');
      writeFileSync(file, program);
      const env = { ...process.env, INFERQ_SERVER: broker.server };
      const { stdout, stderr } = await promisify(execFile)(node as string, [file], { cwd: folder, env, timeout: 30_000 });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        taskId: 't1',
        kinds: ['snapshot', 'state'],
        state: 'SUCCEEDED',
        text: ['hello'],
        missing: 'no model none',
      });
    },
    60_000,
  );
}

test('the tarball holds built code only, and brings neither Redis nor a runtime for models', () => {
  const installed = join(folder, 'node_modules');
  expect(readdirSync(join(installed, '@inferq'))).toEqual(['client']);
  expect(readdirSync(join(installed, '@inferq', 'client')).sort()).toEqual(['README.md', 'dist', 'package.json']);
  expect(readdirSync(join(installed, '@inferq', 'client', 'dist')).sort()).toEqual(['client', 'proto']);
  for (const heavy of ['ioredis', 'onnxruntime-node']) expect(existsSync(join(installed, heavy))).toBe(false);
});

test('its types check in a strict program', async () => {
  const source = `
    import { InferqClient, type Task, tensor, type WatchEvent } from '@inferq/client';
    const client = new InferqClient({ server: 'localhost:50051' });
    export const task: Task = await client.predict({ model: 'm', inputs: { x: tensor.fp32([1], [1]) } });
    export const events: AsyncIterable<WatchEvent> = client.watch(task.id);
    // @ts-expect-error
    client.submit({});
  `;
  writeFileSync(join(folder, 'program.mts'), source);
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', ...types];
  await promisify(execFile)(process.execPath, [tsc, ...options, 'program.mts'], { cwd: folder }).catch((error) => {
    throw new Error(error.stdout);
  });
}, 60_000);
