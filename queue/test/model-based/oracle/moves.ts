/** How tasks change state, one function for each way. */

import { defaults } from '@inferq/core/limits.ts';
import { isTerminal, type TaskErrorCode, type TaskState } from '@inferq/core/task.ts';
import type { Model, ModelTask, When } from './model.ts';

function chunkBytes(task: ModelTask): number {
  return task.chunks.reduce((total, { length }) => total + length, 0);
}

/** Its attempt is over. */
function leaveExecutor(task: ModelTask): void {
  task.executor = undefined;
  task.token = undefined;
  task.aged = false;
  task.forgotten = false;
}

/** Ends a task for good. */
export function finish(model: Model, task: ModelTask, state: TaskState, error?: TaskErrorCode): void {
  if (isTerminal(task.state)) throw new Error(`the oracle ends ${task.label} twice`);
  leaveExecutor(task);
  task.state = state;
  task.sequence++;
  task.rank = undefined;
  task.due = undefined;
  task.error = error;
  task.calls.clear();
  if (state === 'failed') task.dead = 'future';
  if (!task.spec.ignoreResult) task.retains = (task.output?.length ?? 0) + chunkBytes(task);
  if (task.spec.keepInput && state !== 'failed') task.retains += task.spec.input.length;
  const counter = `${task.spec.queue} ${state}`;
  model.ended.set(counter, (model.ended.get(counter) ?? 0) + 1);
}

let entries = 0;

/** Counts the entries into lanes: those of one step have no order but this before Redis is looked at. */
export function nextEntry(): number {
  return ++entries;
}

/** Into a lane. */
export function enqueue(task: ModelTask, rank: string): void {
  leaveExecutor(task);
  task.state = 'queued';
  task.sequence++;
  task.rank = rank;
  task.due = undefined;
  task.entered = nextEntry();
}

/** An executor starts it. */
export function start(task: ModelTask, executor: string, token: string): void {
  task.state = 'running';
  task.sequence++;
  task.attempt++;
  task.executor = executor;
  task.token = token;
  task.tokens.push(token);
  task.chunks = [];
  task.progress = undefined;
}

/** A running task that was to be cancelled ends so, whatever its attempt came to; whether it did. */
function endsCancelled(model: Model, task: ModelTask): boolean {
  if (task.cancelRequested) finish(model, task, 'cancelled', 'CANCELLED');
  return task.cancelRequested;
}

/** Gives an attempt back; `code` is what is noted of it. */
export function release(model: Model, task: ModelTask, rank: string, code: TaskErrorCode | '' = ''): void {
  if (endsCancelled(model, task)) return;
  task.history.push([task.attempt, code]);
  // Nothing was learned about a task that must run alone.
  enqueue(task, task.rank === 'solo' ? 'solo' : rank);
}

export function fail(model: Model, task: ModelTask, code: TaskErrorCode): void {
  if (endsCancelled(model, task)) return;
  task.charged++;
  finish(model, task, 'failed', code);
}

/** `late`: the next attempt would come after the start deadline. */
export function retry(model: Model, task: ModelTask, code: TaskErrorCode, due: When, late: boolean): void {
  if (endsCancelled(model, task)) return;
  if (late || task.charged + 1 >= task.spec.maxAttempts) {
    fail(model, task, code);
    return;
  }
  task.history.push([task.attempt, code]);
  leaveExecutor(task);
  task.state = 'scheduled';
  task.sequence++;
  task.charged++;
  task.rank = undefined;
  task.due = due;
}

export function complete(model: Model, task: ModelTask, output: Uint8Array, partial: boolean): void {
  if (endsCancelled(model, task)) return;
  if (!task.spec.ignoreResult) {
    task.output = output;
    task.partial = partial;
  }
  finish(model, task, 'succeeded');
}

export function cancel(model: Model, task: ModelTask, force: boolean): void {
  if (isTerminal(task.state)) return;
  if (task.state !== 'running' || force) finish(model, task, 'cancelled', 'CANCELLED');
  else if (!task.cancelRequested) {
    task.cancelRequested = true;
    task.sequence++;
  }
}

/** Its lease ran out. */
export function reclaim(model: Model, task: ModelTask): void {
  task.lost++;
  if (endsCancelled(model, task)) return;
  if (task.lost >= defaults.lostLeases) finish(model, task, 'failed', 'WORKER_LOST');
  else release(model, task, task.lost >= 2 ? 'solo' : 'returned', 'WORKER_LOST');
}

/** Its executor crashed; `alone`: while it held nothing else. */
export function crash(model: Model, task: ModelTask, alone: boolean): void {
  if (endsCancelled(model, task)) return;
  if (alone && task.charged + 1 >= task.spec.maxAttempts) {
    fail(model, task, 'EXECUTOR_CRASHED');
    return;
  }
  if (alone) task.charged++;
  release(model, task, 'solo', 'EXECUTOR_CRASHED');
}
