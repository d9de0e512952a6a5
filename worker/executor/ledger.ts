/** Every attempt this executor has to do with: those it holds, and those the engine still works on though they are no longer ours. */

import type { AttemptRef, ClaimedTask } from '@inferq/queue/queue.ts';
import type { ModelRef } from '../engine.ts';

export interface Held {
  /** Names the attempt within this executor. Tokens are unique for one task only. */
  readonly key: string;
  readonly task: ClaimedTask;
  readonly model: string;
  /** `live`: ours, unsettled. `settling`: its settlement is on its way. `gone`: not ours any more. */
  fate: 'live' | 'settling' | 'gone';
  inEngine: boolean;
  /** When the engine got it, on the executor's clock. */
  startedAt: number;
  /** When it stopped being live, on the executor's clock. */
  leftAt: number;
  cancelRequested: boolean;
  softFired: boolean;
}

/** One text for a model version. */
export function modelKey(name: string, version: string): string {
  return `${name}:${version}`;
}

/** The queue's name of an attempt. */
export function refOf({ task }: Held): AttemptRef {
  return { id: task.id, token: task.token };
}

/** The engine's name of the model a task is for. */
export function modelOf(task: ClaimedTask): ModelRef {
  return { name: task.pool.model, version: task.pool.version };
}

export class Ledger {
  readonly #entries = new Map<string, Held>();

  add(task: ClaimedTask): Held {
    const held: Held = {
      key: `${task.id}/${task.attempt}`,
      task,
      model: modelKey(task.pool.model, task.pool.version),
      fate: 'live',
      inEngine: false,
      startedAt: 0,
      leftAt: 0,
      cancelRequested: task.cancelRequested,
      softFired: false,
    };
    this.#entries.set(held.key, held);
    return held;
  }

  get(key: string): Held | undefined {
    return this.#entries.get(key);
  }

  entries(): Held[] {
    return [...this.#entries.values()];
  }

  /** Live attempts of a task; by right there is at most one. */
  liveOf(id: string): Held[] {
    return this.entries().filter((held) => held.task.id === id && held.fate === 'live');
  }

  enterEngine(held: Held, now: number): void {
    held.inEngine = true;
    held.startedAt = now;
  }

  leaveEngine(held: Held): void {
    held.inEngine = false;
    this.#sweep(held);
  }

  /** Nothing more is decided for it; it stays ours until the settlement is answered. */
  settling(held: Held, now: number): void {
    held.fate = 'settling';
    held.leftAt = now;
  }

  /** It is no longer ours. */
  gone(held: Held, now: number): void {
    if (held.fate === 'live') held.leftAt = now;
    held.fate = 'gone';
    this.#sweep(held);
  }

  #sweep(held: Held): void {
    if (!held.inEngine && held.fate === 'gone') this.#entries.delete(held.key);
  }

  /** Everything that is ours, also while its settlement is on its way. */
  ours(): Held[] {
    return this.entries().filter((held) => held.fate !== 'gone');
  }

  /** Whether nothing is left to run and nothing runs. */
  get idle(): boolean {
    return this.entries().every((held) => held.fate !== 'live' && !held.inEngine);
  }
}
