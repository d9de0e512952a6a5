/** What a submit is answered, and the task that it makes. */

import { isTerminal } from '@inferq/core/task.ts';
import type { NewTask, QueueLimits, SubmitOutcome } from '../../../queue.ts';
import { find, known, type Model, type ModelTask, retained, sumOf, unfinished, waiting } from './model.ts';
import { nextEntry } from './moves.ts';

export type Answer =
  | { kind: 'accepted'; task: ModelTask }
  | { kind: 'duplicate' | 'conflict'; id: string }
  | Extract<SubmitOutcome, { kind: 'full' }>;

/** The task that an idempotency key names. */
function holder(model: Model, key: string): ModelTask | undefined {
  return known(model).find(({ spec }) => spec.idempotency?.key === key);
}

function full(model: Model, task: NewTask, limits: QueueLimits): 'tasks' | 'bytes' | 'results' | undefined {
  if (waiting(model, task.queue).length >= limits.maxTasks) return 'tasks';
  const bytes = sumOf(unfinished(model).filter(({ spec }) => spec.queue === task.queue));
  if (bytes + task.input.length > limits.maxBytes) return 'bytes';
  return retained(model) >= limits.retainedBytes ? 'results' : undefined;
}

/** A task as it stands when it was just made. */
export function create(model: Model, spec: NewTask, version: string): ModelTask {
  const delayed = spec.delayMs !== undefined;
  const task: ModelTask = {
    label: `t${model.tasks.length}`,
    spec,
    version,
    state: delayed ? 'scheduled' : 'queued',
    attempt: 0,
    charged: 0,
    lost: 0,
    sequence: 1,
    aged: false,
    forgotten: false,
    tokens: [],
    cancelRequested: false,
    calls: new Set(spec.boundTo ? [spec.boundTo] : []),
    chunks: [],
    partial: false,
    history: [],
    gone: false,
    retains: 0,
  };
  if (delayed) task.due = 'future';
  else Object.assign(task, { rank: String(spec.priority), entered: nextEntry() });
  if (spec.startWithinMs !== undefined) task.deadline = 'future';
  if (spec.startDeadline !== undefined) task.deadline = 'past';
  model.tasks.push(task);
  return task;
}

/** From here on the server is told of the task. */
export function watch(task: ModelTask): void {
  if (!isTerminal(task.state)) task.watch ??= { sequence: task.sequence, attempt: task.attempt, index: task.chunks.length, ended: false };
}

/** From here on the call holds the task: what broke off before is taken up again. */
function bind(model: Model, task: ModelTask, call: string): void {
  if (isTerminal(task.state)) return;
  task.calls.add(call);
  model.cuts.delete(task.spec.id);
}

/** Submits one task to the model. */
export function admit(model: Model, spec: NewTask, limits: QueueLimits): Answer {
  const same = find(model, spec.id);
  const other = same || !spec.idempotency ? undefined : holder(model, spec.idempotency.key);
  if (other && other.spec.idempotency?.digest !== spec.idempotency?.digest) return { kind: 'conflict', id: other.spec.id };
  const what = same || other ? undefined : full(model, spec, limits);
  if (what) return { kind: 'full', what };
  const task = same ?? other ?? create(model, spec, spec.version);
  if (spec.watchBy) watch(task);
  if (spec.boundTo) bind(model, task, spec.boundTo);
  return other ? { kind: 'duplicate', id: other.spec.id } : { kind: 'accepted', task };
}
