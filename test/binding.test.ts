import { connect, createServer, type Server } from 'node:net';
import { InferqClient, tensor } from '@inferq/client/index.ts';
import { key } from '@inferq/queue/keys.ts';
import { recordFields } from '@inferq/queue/record.ts';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, type Stack, startStack, type TestProcess } from './support/stack.ts';

/** A client that goes to another server when the one it is connected to falls silent. */
interface Roamer {
  client: InferqClient;
  /** Where its next connections go. */
  target: string;
  close(): void;
}

let stack: Stack;
let roamer: Roamer;
let redis: Redis;
let frozen: TestProcess;
let other: TestProcess;

beforeEach(async () => {
  stack = await startStack({ worker: false });
  frozen = stack.server;
  other = await stack.startServer();
  await announceProbe();
  redis = new Redis(stack.redis.url);
  roamer = await openRoamer(frozen.address);
});

afterEach(async () => {
  roamer?.close();
  redis?.disconnect();
  await stack?.stop();
});

/** A worker that came and went: its models are known, and what is submitted waits. */
async function announceProbe(): Promise<void> {
  const worker = await stack.startWorker(['--models', 'probe']);
  await worker.stop();
}

async function openRoamer(target: string): Promise<Roamer> {
  const server: Server = createServer((near) => {
    const [host, port] = opened.target.split(':');
    const far = connect({ host: host ?? '', port: Number(port) });
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const client = new InferqClient({ server: `127.0.0.1:${port}`, keepalive: { timeMs: 200, timeoutMs: 300 } });
  const opened: Roamer = {
    client,
    target,
    close: () => {
      client.close();
      server.close();
    },
  };
  return opened;
}

function probe(idempotencyKey: string) {
  return { model: 'probe', inputs: { x: tensor.fp32([1, 2], [1, 2]) }, idempotencyKey };
}

/** The id under a key; made by this where nobody was faster. */
async function idOf(idempotencyKey: string): Promise<string> {
  const client = new InferqClient({ server: other.address });
  const { taskId } = await client.submit(probe(idempotencyKey));
  client.close();
  return taskId;
}

async function callsOf(taskId: string): Promise<string[]> {
  return (await redis.hget(key('record', taskId), recordFields.calls))?.split(' ') ?? [];
}

/** Binds a task to a call of this server, breaks the call off, and waits until that has cancelled it: what was due before is done. */
async function seeAnotherCancelled(server: TestProcess): Promise<void> {
  const client = new InferqClient({ server: server.address });
  const leaving = new AbortController();
  const prediction = client.predict(probe('another'), { signal: leaving.signal });
  const left = expect(prediction).rejects.toThrow();
  const taskId = await idOf('another');
  await eventually('another is bound', async () => (await callsOf(taskId)).length === 1);
  leaving.abort();
  await left;
  await eventually('another is cancelled', async () => (await client.getResult(taskId)).state === 'CANCELLED');
  client.close();
}

test('a server that was frozen does not cancel what its client has taken to another server meanwhile', async () => {
  const prediction = roamer.client.predict(probe('k'));
  prediction.catch(() => {});
  const taskId = await idOf('k');
  const [first] = await eventually('it is bound', async () => (await callsOf(taskId)).length === 1 && callsOf(taskId));
  frozen.child.kill('SIGSTOP');
  roamer.target = other.address;
  await eventually('it is bound again', async () => (await callsOf(taskId)).length === 2);
  frozen.child.kill('SIGCONT');
  await eventually('the first call is over', async () => !(await callsOf(taskId)).includes(first ?? ''));
  await seeAnotherCancelled(other);
  await stack.startWorker();
  expect(await prediction).toMatchObject({ id: taskId, state: 'SUCCEEDED' });
});

test('a Submit that a frozen server finds when it wakes does not cancel what its client has taken to another server', async () => {
  await roamer.client.model('probe');
  frozen.child.kill('SIGSTOP');
  const prediction = roamer.client.predict(probe('k'));
  prediction.catch(() => {});
  roamer.target = other.address;
  const [taskId] = await eventually('it is bound', async () => {
    const records = (await redis.keys(key('record', '*'))).map((name) => name.slice(key('record').length));
    return records.length === 1 && (await callsOf(records[0] ?? '')).length === 1 && records;
  });
  frozen.child.kill('SIGCONT');
  // The server that woke does this after what it had missed.
  await seeAnotherCancelled(frozen);
  await stack.startWorker();
  expect(await prediction).toMatchObject({ id: taskId, state: 'SUCCEEDED' });
});
