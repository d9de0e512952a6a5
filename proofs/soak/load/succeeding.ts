/** Tasks that succeed, by every way in which a client learns of it. */

import { randomUUID } from 'node:crypto';
import type { InferqClient } from '@inferq/client/index.ts';
import { type LoadParts, waitMs } from './parts.ts';
import { textOf } from './requests.ts';
import { expectThat } from './tally.ts';
import { watchToEnd } from './watched.ts';

export function someClient({ chance, clients }: LoadParts): InferqClient {
  return chance.pick(clients) as InferqClient;
}

/** Submitted at one server, asked for at any. */
export async function submitAndAsk(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.digits();
  const { taskId } = await someClient(parts).submit({ ...request, metadata: { from: 'soak' } });
  check(await someClient(parts).getResult(taskId, { waitMs }));
}

export async function predict(parts: LoadParts): Promise<void> {
  const { request, check } = parts.chance.hits(0.5) ? parts.questions.digits() : parts.questions.echo('probe');
  check(await someClient(parts).predict(request));
}

export async function follow(parts: LoadParts): Promise<void> {
  const question = parts.chance.hits(0.5) ? parts.questions.digits() : parts.questions.echo('probe');
  await parts.chance.pick(parts.streams)?.push(question);
}

/** A text whose pieces are those of the whole. */
export async function watchText(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.text(60);
  const { taskId } = await someClient(parts).submit(request);
  const { chunks, end } = await watchToEnd(someClient(parts).watch(taskId));
  check(end);
  const streamed = chunks.map(({ outputs }) => textOf(outputs)).join('');
  expectThat(streamed === textOf(end.outputs), `task ${taskId}: its chunks are not its text`);
}

/** Chunks that travel inline, and now and then some that are too large for that. */
export async function watchChunks(parts: LoadParts): Promise<void> {
  const count = parts.chance.whole(1, 6);
  const { request, check } = parts.questions.echo('probe', { chunks: count, fill_kib: parts.chance.hits(0.1) ? 20 : 0 });
  const { taskId } = await someClient(parts).submit(request);
  const { chunks, end } = await watchToEnd(someClient(parts).watch(taskId));
  check(end);
  expectThat(chunks.length === count, `task ${taskId}: ${chunks.length} of ${count} chunks came`);
}

/** Twice under one key is one task. */
export async function duplicate(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.digits();
  const same = { ...request, idempotencyKey: randomUUID() };
  const first = await someClient(parts).submit(same);
  const second = await someClient(parts).submit(same);
  expectThat(second.taskId === first.taskId, `one key names two tasks, ${first.taskId} and ${second.taskId}`);
  expectThat(second.duplicate && !first.duplicate, `task ${first.taskId} was a duplicate the wrong time`);
  check(await someClient(parts).getResult(first.taskId, { waitMs }));
}

export async function retried(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.echo('probe', { throw_times: 1 });
  const { taskId } = await someClient(parts).submit(request);
  const task = await someClient(parts).getResult(taskId, { waitMs });
  check(task);
  expectThat(task.attempt >= 2, `task ${taskId} succeeded in its first attempt`);
}

export async function delayed(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.echo('probe');
  const { taskId } = await someClient(parts).submit({ ...request, delayMs: parts.chance.whole(1, 2_000) });
  check(await someClient(parts).getResult(taskId, { waitMs }));
}

/** Its input is too large to pass through a script. */
export async function large(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.digits(100);
  check(await someClient(parts).predict(request));
}

/** Nothing is kept of its result; only who watches learns of it. */
export async function ignored(parts: LoadParts): Promise<void> {
  const { request } = parts.questions.echo('probe');
  const { resultTtlMs: _, ...rest } = request;
  const { taskId } = await someClient(parts).submit({ ...rest, ignoreResult: true });
  const { end } = await watchToEnd(someClient(parts).watch(taskId));
  expectThat(end.state === 'SUCCEEDED', `task ${taskId} is ${end.state}`);
  expectThat(Object.keys(end.outputs).length === 0, `the result of task ${taskId} came though it is ignored`);
}
