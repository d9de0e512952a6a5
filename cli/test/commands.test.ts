import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '@inferq/core/refusal.ts';
import type { Broker, SubmitCommand, TaskView, WatchUpdate } from '@inferq/server/broker.ts';
import { digits, refusal, startEdge, type TestEdge, viewOf } from '@inferq/test/support/grpc-edge.ts';
import { freePort } from '@inferq/test/support/redis.ts';
import { command, inferq as runInferq } from '@inferq/test/support/stack.ts';
import { type Command, CommanderError } from 'commander';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Failure } from '../failure.ts';
import { program } from '../main.ts';

const root = new URL('../..', import.meta.url);
const launcher = fileURLToPath(new URL('../bin/inferq.js', import.meta.url));
const taskId = '01h00000000000000000000000';
const broker: Partial<Broker> = {};
let edge: TestEdge;
let folder: string;
let image: string;

beforeAll(async () => {
  edge = await startEdge(
    new Proxy(broker, {
      get: (target, name: keyof Broker) => target[name],
    }),
  );
  folder = mkdtempSync(join(tmpdir(), 'inferq-cli-'));
  image = join(folder, 'image.json');
  writeFileSync(image, JSON.stringify(new Array(64).fill(0.5)));
});

afterAll(async () => {
  await edge.stop();
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  for (const name of Object.keys(broker)) delete broker[name as keyof Broker];
});

function inferq(...args: string[]): ReturnType<typeof runInferq> {
  return runInferq(args, { server: edge.server.address });
}

function ok<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

/** A broker that knows digits and takes every task; what it was given is in the list. */
function taking(): SubmitCommand[] {
  const taken: SubmitCommand[] = [];
  broker.getModel = async () => ok(digits);
  broker.submit = async (command) => {
    taken.push(command);
    return ok({ taskId, duplicate: false });
  };
  return taken;
}

function ending(state: 'succeeded' | 'failed' | 'running'): TaskView {
  const error = { code: 'MODEL_ERROR', message: 'it broke', detail: '' } as const;
  return viewOf({ id: taskId, state, attempt: 1, sequence: 3, ...(state === 'failed' ? { error } : {}) });
}

test('a submit prints the id alone, and sends what was given', async () => {
  const taken = taking();
  const flags = ['--param', 'seed=9', '--priority', '7', '--metadata', 'who=me', '--delay', '5s'];
  const { code, stdout, stderr } = await inferq('submit', 'digits', '--input', image, ...flags);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${taskId}\n`, stderr: '' });
  expect(taken).toHaveLength(1);
  expect(taken[0]).toMatchObject({ model: 'digits', priority: 7, delayMs: 5_000, metadata: new Map([['who', 'me']]) });
  expect(taken[0]?.parameters.get('seed')).toEqual({ $case: 'int64Param', value: 9n });
  expect(taken[0]?.inputs[0]).toMatchObject({ name: 'image', datatype: 'FP32', shape: [1n, 64n] });
});

test('a submit for scripts prints one object', async () => {
  taking();
  const { stdout } = await inferq('submit', 'digits', '--input', image, '--json');
  expect(JSON.parse(stdout)).toEqual({ taskId, duplicate: false });
});

test('a waited-for task that failed gives exit code 1 and its reason', async () => {
  taking();
  broker.getResult = async () => ok(ending('failed'));
  const { code, stdout, stderr } = await inferq('submit', 'digits', '--input', image, '--wait');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('MODEL_ERROR: it broke');
});

test('a watch prints each event, ends with the task for scripts, and gives 0 for success', async () => {
  broker.getModel = async () => ok(digits);
  broker.getResult = async () => ok(ending('running'));
  broker.watch = async () => ok(updates());
  async function* updates(): AsyncGenerator<WatchUpdate> {
    yield { kind: 'snapshot', view: viewOf({ id: taskId }) };
    yield { kind: 'events', events: [{ kind: 'state', time: 0, view: ending('succeeded') }] };
  }
  const people = await inferq('watch', taskId);
  expect(people.code).toBe(0);
  expect(people.stdout).toMatch(/queued[\s\S]*succeeded/);
  const scripts = await inferq('watch', taskId, '--json');
  const lines = scripts.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.kind)).toEqual(['snapshot', 'state', undefined]);
  expect(lines.at(-1)).toMatchObject({ id: taskId, state: 'TASK_STATE_SUCCEEDED' });
});

test('Ctrl-C leaves a watched task alone, says how to watch it again, and gives 130', async () => {
  broker.getModel = async () => ok(digits);
  broker.getResult = async () => ok(ending('running'));
  broker.watch = async (_, __, { signal }) => ok(running(signal));
  async function* running(signal: AbortSignal): AsyncGenerator<WatchUpdate> {
    yield { kind: 'snapshot', view: ending('running') };
    await once(signal, 'abort');
  }
  broker.cancel = async () => {
    throw new Error('nobody asked for a cancel');
  };
  const child = spawn(process.execPath, [launcher, 'watch', taskId, '--server', edge.server.address]);
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(stderr).toBe(`\nDetached; the task continues. Come back to it with: inferq watch ${taskId} --server ${edge.server.address}\n`);
  expect(edge.surprises).toEqual([]);
});

test.each([
  [['submit', 'digits', '--input', '<image>', '--wait'], 'submit'],
  [['result', taskId, '--wait'], 'result'],
])('a wait says that no worker takes the task, and when one does: %j', async (args) => {
  taking();
  const unserved = (reason: string) => ok<TaskView>({ ...viewOf({ id: taskId, version: '3' }), unserved: reason });
  const answers = [unserved('digits:3 is not served; digits:2 is'), unserved('digits:3 is not served; digits:2 is')];
  answers.push(ok(viewOf({ id: taskId, version: '3' })), unserved('no live worker serves digits:3 in queue default'));
  broker.getResult = async () => answers.shift() ?? ok(ending('succeeded'));
  const { code, stderr } = await inferq(...args.map((arg) => arg.replace('<image>', image)));
  expect(code).toBe(0);
  const notes = stderr.split('\n').filter((line) => !line.startsWith('task ') && !line.startsWith(taskId));
  expect(notes).toEqual([
    'Waiting: digits:3 is not served; digits:2 is.',
    'digits:3 is served now.',
    'Waiting: no live worker serves digits:3 in queue default.',
    'digits:1 is served now.',
    '',
  ]);
});

test('a wait that runs out, and one that Ctrl-C ends, say how to come back', async () => {
  broker.getResult = async () => ok(ending('running'));
  const comeBack = `inferq result ${taskId} --wait --server ${edge.server.address}`;
  const out = await inferq('result', taskId, '--wait', '0.01');
  expect({ code: out.code, end: out.stderr.split('\n').at(-2) }).toEqual({
    code: 1,
    end: `The task continues. Come back to it with: ${comeBack}`,
  });
  const asked = Promise.withResolvers<void>();
  broker.getResult = async () => {
    asked.resolve();
    return new Promise(() => {});
  };
  const child = spawn(process.execPath, [launcher, 'result', taskId, '--wait', '--server', edge.server.address]);
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  await asked.promise;
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect({ code, stderr }).toEqual({ code: 130, stderr: `\nDetached; the task continues. Come back to it with: ${comeBack}\n` });
});

test('a watch goes on where its server was away, and says so', async () => {
  const own: Partial<Broker> = { getModel: async () => ok(digits), getResult: async () => ok(ending('running')) };
  const first = await startEdge(own);
  own.watch = async () => ok(begun());
  async function* begun(): AsyncGenerator<WatchUpdate> {
    yield { kind: 'snapshot', view: ending('running') };
    await new Promise(() => {});
  }
  const child = spawn(process.execPath, [launcher, 'watch', taskId, '--server', first.server.address]);
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  await once(child.stdout, 'data');
  await first.stop();
  await vi.waitUntil(() => stderr.includes('does not answer'), { timeout: 20_000 });
  own.watch = async () => ok(finished());
  async function* finished(): AsyncGenerator<WatchUpdate> {
    yield { kind: 'snapshot', view: { ...ending('succeeded'), snapshot: { ...ending('succeeded').snapshot, sequence: 4 } } };
  }
  const second = await startEdge(own, { listen: first.server.address });
  const [code] = await once(child, 'close');
  await second.stop();
  expect(code).toBe(0);
  expect(stderr).toMatch(/^The server does not answer \(.*\); trying again\.\nThe server answers again\.\n$/);
});

test('a result that is not there yet does not count as success', async () => {
  broker.getResult = async () => ok(ending('running'));
  const { code, stderr } = await inferq('result', taskId);
  expect(code).toBe(1);
  expect(stderr).toContain('running');
});

test('a cancel says whether the task is off', async () => {
  broker.cancel = async () => ok(viewOf({ id: taskId, state: 'running', cancelRequested: true }));
  expect((await inferq('cancel', taskId)).code).toBe(0);
  broker.cancel = async () => ok(ending('succeeded'));
  expect((await inferq('cancel', taskId)).code).toBe(1);
});

test('a redrive says what became of each task that was named, and exits with 1 where one is no dead letter', async () => {
  const redriven = new Map([
    ['a', 'a2'],
    ['b', 'b2'],
  ]);
  const skipped = [{ id: 'c', refusal: refusal('TASK_NOT_FOUND', 'Task c is unknown or has expired').refusal }];
  broker.redrive = async () => ok({ matched: 1, failedAgain: 0, redriven, before: ['b'], remaining: 0, skipped });
  expect(await inferq('dead', 'redrive', taskId)).toEqual({
    code: 1,
    stdout: 'a  redriven as a2\nb  was redriven before, as b2\n1 redriven, 0 left\n',
    stderr: 'Task c is unknown or has expired.\n',
  });
});

test.each([
  [{ matched: 0, failedAgain: 0 }, 'There are no dead letters to redrive.\n'],
  [{ matched: 3, failedAgain: 2 }, '3 would be redriven, 2 of them not for the first time\n'],
])('a dry run that matches %j prints %j', async (counts, stdout) => {
  broker.redrive = async () => ok({ ...counts, redriven: new Map(), before: [], remaining: counts.matched, skipped: [] });
  expect(await inferq('dead', 'redrive', '--all', '--dry-run')).toEqual({ code: 0, stdout, stderr: '' });
});

test('queues are one object a line for scripts and a table for people', async () => {
  const stats = {
    name: 'default',
    waitingByPriority: { 5: 2 },
    waitingReturned: 1,
    running: 3,
    scheduled: 0,
    dead: 0,
    bytes: 10,
    endedByState: {},
  };
  broker.listQueues = async () => ok({ items: [{ stats, maxTasks: 1, maxBytes: 1, liveExecutors: 1 }], nextToken: '' });
  const scripts = await inferq('queues', '--json');
  expect(JSON.parse(scripts.stdout)).toMatchObject({ name: 'default', waiting: 3, running: 3, waitingReturned: 1, scheduled: 0 });
  const people = await inferq('queues');
  expect(people.stdout).toMatch(/^QUEUE +WAITING +RUNNING.*\ndefault +3 +3 /);
});

test('a refused request gives exit code 1 and its sentence, without a stack', async () => {
  broker.getModel = async () => refusal('MODEL_NOT_FOUND', 'There is no model "dogs"; there are: digits.');
  const { code, stderr } = await inferq('submit', 'dogs', '--text', 'x');
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is no model "dogs"; there are: digits.\n' });
});

test.each([
  ['an unknown flag', ['queues', '--nope'], "error: unknown option '--nope'"],
  ['a value of the wrong kind', ['submit', 'digits', '--priority', 'high'], '--priority takes a whole number, not "high".'],
])('%s gives exit code 2 and a sentence, without a stack', async (_, args, sentence) => {
  const { code, stdout, stderr } = await inferq(...args);
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` });
});

test.each([
  ['an unknown command', ['nope'], "unknown command 'nope'"],
  ['a missing argument', ['submit'], "missing required argument 'model'"],
  ['flags that exclude each other', ['submit', 'digits', '--watch', '--wait'], '--watch and --wait exclude each other'],
  ['an input file that is not there', ['submit', 'digits', '--input', '/nowhere'], '--input /nowhere cannot be read'],
  ['a redrive of nothing in particular', ['dead', 'redrive'], 'in one way'],
  ['a redrive in two ways', ['dead', 'redrive', '--all', '--model', 'digits'], 'in one way'],
  ['an unknown error code', ['dead', 'list', '--code', 'model_eror'], 'There is no error code "model_eror". Did you mean "MODEL_ERROR"?'],
  ['half of a TLS identity', ['queues', '--tls-cert', 'x'], 'give both'],
  ["half of a server's TLS identity", ['server', '--tls-key', 'x'], 'give both'],
  ['a log level that is none', ['server', '--log-level', 'loud'], "'loud' is invalid"],
  ['an address that is none', ['up', '--listen', 'nowhere'], '--listen takes HOST:PORT'],
  ['a folder of models that is not there', ['up', '--repository', '/nowhere'], 'There is no folder /nowhere'],
  ['a data folder that cannot be', ['up', '--data', '/dev/null/x'], '/dev/null/x cannot be used'],
])('%s is wrong usage', async (_, args, sentence) => {
  const error = await (await program())
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .parseAsync(args, { from: 'user' })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toSatisfy((thrown) => thrown instanceof CommanderError || (thrown instanceof Failure && thrown.exitCode === 2));
  expect((error as Error).message).toContain(sentence);
});

test('a parameter that the model does not have is wrong usage', async () => {
  taking();
  const { code, stderr } = await inferq('submit', 'digits', '--input', image, '--param', 'sed=1');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'Model digits has no parameter "sed". Did you mean "seed"? It has: seed.\n' });
});

test('a server that is not there gives exit code 3 and says how to start one', async () => {
  const server = `127.0.0.1:${await freePort()}`;
  const { code, stderr } = await runInferq(['queues'], { server });
  expect(code).toBe(3);
  expect(stderr).toMatch(new RegExp(`^No inferq server answers at ${server} \\(.*ECONNREFUSED.*\\): start one with "inferq up"`));
});

test.each([
  [['--help'], /^(client|server|worker|queue|proto|node_modules\/(@grpc|onnxruntime-node|ioredis|cli-table3))\//],
  [['queues', '--help'], /^(client|server|worker|queue|proto|cli\/commands\/(up|submit))/],
])('%j loads nothing that it does not need', async (args, needless) => {
  const probe = `import { registerHooks } from 'node:module';
    const urls = [];
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
    process.on('exit', () => process.stderr.write(urls.join('\\n')));`;
  const { stderr, code } = await command(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(probe)}`,
    launcher,
    ...args,
  ]);
  const loaded = stderr.split('\n').map((url) => url.slice(root.href.length));
  expect(code).toBe(0);
  expect(loaded).toContain('cli/main.ts');
  expect(loaded.filter((file) => needless.test(file) && file !== 'queue/redis-url.ts')).toEqual([]);
});

test('every command has an example in its help', async () => {
  const helps = commandsBelow(await program()).map((command) => {
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command.outputHelp();
    return [command.name(), /Examples?:\n {2}inferq/.test(text)];
  });
  expect(helps).toHaveLength(15);
  expect(helps.filter(([, example]) => !example)).toEqual([]);
});

function commandsBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsBelow)];
}
