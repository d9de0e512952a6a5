/** What the oracle believes: every task in one state, and what follows from that. Nothing here knows Redis. */

import { isTerminal, type TaskErrorCode, type TaskSnapshot, type TaskState } from '@inferq/core/task.ts';
import type { NewTask } from '../../../queue.ts';

/** Whether a time lies behind Redis' clock; the test moves times, it never waits for them. */
export type When = 'future' | 'past';

export interface ModelTask {
  /** For people: t0, t1 and so on. */
  readonly label: string;
  readonly spec: NewTask;
  state: TaskState;
  version: string;
  attempt: number;
  charged: number;
  lost: number;
  sequence: number;
  /** Of the lane it waits in, or was claimed from. */
  rank?: string;
  /** Its lane entry as last seen in Redis: gives the order within a lane. */
  entry?: string;
  /** It entered a lane in this step, as the so-manieth: a new entry must be seen. */
  entered?: number;
  executor?: string;
  token?: string;
  /** The lease of the running attempt ran out. */
  aged: boolean;
  /** It runs, but its lane's group was made anew and does not know that it was given out. */
  forgotten: boolean;
  /** The token of the last settled attempt. */
  settled?: string;
  /** Every token ever given. */
  readonly tokens: string[];
  cancelRequested: boolean;
  /** That it is bound to. */
  readonly calls: Set<string>;
  /** SCHEDULED: when it is due. */
  due?: When;
  deadline?: When;
  /** Chunks of the current attempt. */
  chunks: Uint8Array[];
  progress?: { fraction?: number; message: string };
  /** The accepted result. */
  output?: Uint8Array;
  partial: boolean;
  error?: TaskErrorCode;
  /** What each earlier attempt ended with. */
  readonly history: [number, TaskErrorCode | ''][];
  dead?: When;
  redrivenTo?: string;
  redrivenFrom?: string;
  /** Its record has ended with its retention. */
  gone: boolean;
  /** Bytes that must be added to the ledger of retained results. */
  retains: number;
  /** As it was first seen in its terminal state. */
  frozen?: TaskSnapshot;
  submittedAt?: number;
  watch?: Watch;
}

/** What the server that watches a task was told. */
export interface Watch {
  sequence: number;
  /** Attempt and index of the chunk that must come next. */
  attempt: number;
  index: number;
  ended: boolean;
}

export interface Model {
  readonly tasks: ModelTask[];
  /** Executors that may claim. */
  readonly registered: Set<string>;
  /** Model versions that a live worker serves, in every queue. */
  served: readonly string[];
  /** Calls that broke off: task to when it is cancelled. */
  readonly cuts: Map<string, When>;
  /** Expiry minute to bytes of results retained until then. */
  readonly ledger: Map<number, { bytes: number; when: When }>;
  /** Ended tasks, as `queue state`. */
  readonly ended: Map<string, number>;
}

export function newModel(registered: readonly string[], served: readonly string[]): Model {
  return { tasks: [], registered: new Set(registered), served, cuts: new Map(), ledger: new Map(), ended: new Map() };
}

export function find(model: Model, id: string): ModelTask | undefined {
  return model.tasks.find(({ spec }) => spec.id === id);
}

/** Tasks that Redis still knows. */
export function known(model: Model): ModelTask[] {
  return model.tasks.filter(({ gone }) => !gone);
}

export function unfinished(model: Model): ModelTask[] {
  return known(model).filter(({ state }) => !isTerminal(state));
}

export function running(model: Model, executor?: string): ModelTask[] {
  return model.tasks.filter((task) => task.state === 'running' && (executor === undefined || task.executor === executor));
}

/** Waiting now or later. */
export function waiting(model: Model, queue: string): ModelTask[] {
  return model.tasks.filter(({ state, spec }) => spec.queue === queue && (state === 'queued' || state === 'scheduled'));
}

/** Whether the input outlives a task that cannot be run again. */
export function keepsInput({ spec, state, gone }: ModelTask): boolean {
  return spec.keepInput && !gone && isTerminal(state) && state !== 'failed';
}

/** The input is kept for as long as it may be run again. */
export function ownsInput(task: ModelTask): boolean {
  return !task.gone && (!isTerminal(task.state) || task.dead !== undefined);
}

export function sumOf(tasks: readonly ModelTask[]): number {
  return tasks.reduce((total, { spec }) => total + spec.input.length, 0);
}

export function retained(model: Model): number {
  return [...model.ledger.values()].reduce((total, { bytes }) => total + bytes, 0);
}

/** Any of a list by a number of any size; undefined for an empty one. */
export function pick<Item>(list: readonly Item[], number: number): Item | undefined {
  return list.length === 0 ? undefined : list[number % list.length];
}
