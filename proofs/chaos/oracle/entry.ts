/** One task as its clients know it. */

import { isTerminal, type Task, type TaskState } from '@inferq/client/index.ts';
import type { Planned } from '../load/plan.ts';
import type { Gap } from './cut-off.ts';

/** A terminal state that somebody was told of. */
export interface End {
  state: TaskState;
  /** Of its error, where it has one. */
  code: string;
  attempt: number;
  /** What the run that made the result drew; 0 where there is no result, or it was told without. */
  nonce: number;
  at: number;
  /** Who was told, and by which verb. */
  by: string;
}

export interface Entry {
  readonly planned: Planned;
  /** Since its first acknowledgement. */
  taskId?: string;
  acknowledgedAt?: number;
  /** As it was told first; whoever is told later is told the same. */
  end?: End;
  /** Ends told, the first included. */
  told: number;
  /** Of a prediction: when its calls broke, oldest first. */
  readonly gaps: Gap[];
  /** What its watches got, for people. */
  watches: string[];
}

/** The end that a task tells, or undefined while it goes on. */
export function endOf(task: Task, by: string): End | undefined {
  if (!isTerminal(task.state)) return undefined;
  const { state, attempt } = task;
  const nonce = task.raw.outputs.length > 0 ? answerOf(task).nonce : 0;
  return { state, code: task.error?.code ?? '', attempt, nonce, at: Date.now(), by };
}

/** What the model answered: its tag, its attempt, and the number that no other run draws. */
export function answerOf(task: Pick<Task, 'outputs'>): { tag: number; attempt: number; nonce: number } {
  const [tag = 0, attempt = 0, nonce = 0] = Array.from((task.outputs.answer?.data ?? []) as Int32Array, Number);
  return { tag, attempt, nonce };
}

export function sameEnd(one: End, other: End): boolean {
  const sameResult = one.nonce === 0 || other.nonce === 0 || one.nonce === other.nonce;
  return one.state === other.state && one.code === other.code && one.attempt === other.attempt && sameResult;
}

/** An end as `Planned.ends` names it. */
export function nameOf({ state, code }: Pick<End, 'state' | 'code'>): string {
  return code ? `${state} ${code}` : state;
}
