/** Tasks that end otherwise: cancelled, expired, failed, left alone by their clients. */

import { setTimeout as pause } from 'node:timers/promises';
import { DeadlineError, isTerminal, type Task, TaskFailedError } from '@inferq/client/index.ts';
import { frailQueue, idleQueue, type LoadParts, waitMs } from './parts.ts';
import type { Question } from './requests.ts';
import { someClient } from './succeeding.ts';
import { expectThat } from './tally.ts';

function expectEnd(task: Task, state: Task['state'], code: string): void {
  expectThat(
    task.state === state && task.error?.code === code,
    `task ${task.id} is ${task.state} ${task.error?.code ?? ''} instead of ${state} ${code}`,
  );
}

/** While it waits for its time. */
export async function cancelScheduled(parts: LoadParts): Promise<void> {
  const { request } = parts.questions.digits();
  const { taskId } = await someClient(parts).submit({ ...request, delayMs: 600_000 });
  expectEnd(await someClient(parts).cancel(taskId), 'CANCELLED', 'CANCELLED');
}

/** While it streams. */
export async function cancelRunning(parts: LoadParts): Promise<void> {
  const { request } = parts.questions.echo('probe', { chunks: 100_000, chunk_ms: 20 });
  const { taskId } = await someClient(parts).submit(request);
  const force = parts.chance.hits(0.3);
  let end: Task | undefined;
  for await (const event of someClient(parts).watch(taskId)) {
    if (event.kind === 'chunk' && event.index === 2) await someClient(parts).cancel(taskId, { force });
    if ((event.kind === 'state' || event.kind === 'snapshot') && isTerminal(event.task.state)) end = event.task;
  }
  expectThat(end !== undefined, `the watch of task ${taskId} ended before it`);
  expectEnd(end, 'CANCELLED', 'CANCELLED');
}

/** Nobody starts it in time. */
export async function expire(parts: LoadParts): Promise<void> {
  const { request } = parts.questions.digits();
  const startWithinMs = parts.chance.whole(1, 1_000);
  const { taskId } = await someClient(parts).submit({ ...request, queue: idleQueue, startWithinMs });
  expectEnd(await someClient(parts).getResult(taskId, { waitMs }), 'EXPIRED', 'START_DEADLINE');
}

/** Its client gives up, which ends it; in a queue that nobody serves, so that it holds up nobody else. */
export async function givenUp(parts: LoadParts): Promise<void> {
  const { request } = parts.questions.digits();
  try {
    await someClient(parts).predict({ ...request, queue: idleQueue }, { timeoutMs: parts.chance.whole(50, 500) });
  } catch (error) {
    if (error instanceof DeadlineError) return;
    // The call's deadline is the task's start deadline: the server may be the first to say so.
    if (error instanceof TaskFailedError) return expectEnd(error.task, 'EXPIRED', 'START_DEADLINE');
    throw error;
  }
  expectThat(false, 'a prediction that nobody could answer was answered');
}

/** Its watcher leaves after the first event. */
export async function leftWatch(parts: LoadParts): Promise<void> {
  const { request, check } = parts.questions.echo('probe', { chunks: 10, chunk_ms: 5 });
  const { taskId } = await someClient(parts).submit(request);
  for await (const _ of someClient(parts).watch(taskId)) break;
  check(await someClient(parts).getResult(taskId, { waitMs }));
}

/** Fails as long as an outage lasts, is a dead letter, and succeeds when it is redriven. So no dead letter is left to its 7 days. */
export async function failAndRedrive(parts: LoadParts, ends: { crash: boolean } = { crash: false }): Promise<void> {
  const backAt = Date.now() + 3_000;
  const question = parts.questions.echo('outage', { back_at: backAt, crash: ends.crash });
  const { taskId } = await someClient(parts).submit({ ...question.request, ...(ends.crash ? { queue: frailQueue, maxAttempts: 1 } : {}) });
  const task = await someClient(parts).getResult(taskId, { waitMs });
  // On a machine that is very busy an attempt may have run only after the outage.
  if (task.state === 'SUCCEEDED' && Number(task.endTime) >= backAt) return question.check(task);
  expectEnd(task, 'FAILED', ends.crash ? 'EXECUTOR_CRASHED' : 'MODEL_ERROR');
  await pause(Math.max(0, backAt - Date.now()) + 1);
  await redrive(parts, taskId, question);
}

async function redrive(parts: LoadParts, taskId: string, { check }: Question): Promise<void> {
  const first = await someClient(parts).admin.redrive({ ids: [taskId] });
  const newId = first.redriven[taskId];
  expectThat(newId !== undefined, `dead letter ${taskId} was not redriven`);
  const again = await someClient(parts).admin.redrive({ ids: [taskId] });
  expectThat(again.redriven[taskId] === newId, `dead letter ${taskId} was redriven twice`);
  check(await someClient(parts).getResult(newId, { waitMs }));
}
